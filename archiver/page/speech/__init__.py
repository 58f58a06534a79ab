"""Rules that find what a text says that somebody said. `archiver.page.statements` is the door; nothing here is public.

The way of a text: `quotes` cuts it into paragraphs and finds the runs between quotation marks; `language` and `lexicon`
choose the words; `tokens` cuts paragraphs into sentences, a run being one token; `phrases` and `cues` find who does the
saying; `link` ties runs to cues; `judge` tells speech from titles and scare quotes; `assemble` joins the parts.
"""
