"""The only browser: Chromium in a process of its own, whose traffic goes through our recording proxy."""
