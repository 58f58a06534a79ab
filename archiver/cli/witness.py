"""`archiver witness`: let others see that your log only grows, and see it of theirs (C2SP tlog-witness)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from archiver.cli import session
from archiver.cli.main import BAD, GOOD
from archiver.cli.render import amount, print_json, shown, style, table, warn
from archiver.errors import UsageError

FILE = click.Path(path_type=Path, dir_okay=False)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(short_help="Have others see that your log only grows, and see it of theirs.")
def command() -> None:
    """A witness remembers the newest tree of a log that it saw, and signs a newer one only if that extends it. So a log
    whose owner rewrites, shortens or forks it is found out. Two newsrooms witness each other:

    \b
    archiver witness serve --name ann.example --log ben/log.vkey     at Ann's
    archiver witness add VKEY http://ann.example:8123                at Ben's, who then asks:
    archiver witness ask

    A witness sees checkpoints: sizes and digests, nothing of what was captured."""


@command.command("ask")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--proxy", metavar="URL", help="As of capture: http://…, socks5h://…; none: connect directly.")
@click.option("--allow-private", is_flag=True, help="Allow private, loopback and link-local addresses.")
@_json
@click.pass_context
def ask(ctx: click.Context, names: tuple[str, ...], proxy: str | None, allow_private: bool, as_json: bool) -> None:
    """Ask the witnesses in trust/policy (or those NAMEd) to cosign the newest checkpoint. Their lines are kept beside
    it and sealed. Exit code 1 if one of them fails or refuses."""
    from archiver.work.cosigning import ask_witnesses
    from archiver.work.timestamp import asker_of
    from archiver.work.wishes import Wishes

    archive = session.open_archive(ctx)
    chosen = _chosen(archive.root, names)
    asker, variable = asker_of(archive.settings, Wishes(proxy=proxy, allow_private=allow_private))
    if variable is not None:
        warn(f"going through the proxy that ${variable} names")
    session.unlock(archive)
    with session.interruptible():
        done = ask_witnesses(archive, chosen, asker, lambda item: None if as_json else _show(item))
    _end(ctx, done, as_json)


@command.command("add")
@click.argument("vkey")
@click.argument("url", required=False)
@click.option("--as", "name", metavar="NAME", help="What it is called in trust/policy (else as its key says).")
@click.pass_context
def add(ctx: click.Context, vkey: str, url: str | None, name: str | None) -> None:
    """Choose a witness for this archive: its key (VKEY, which its keeper gives you by a way that nobody can alter) and
    the address that answers. One witness is the quorum, of several any; trust/policy can be edited."""
    from archiver.store.witness_policy import POLICY, add_witness
    from archiver.tlog.note import VerifierKey

    archive = session.open_archive(ctx)
    key = VerifierKey.parse(vkey)
    policy = add_witness(archive.disk, name or key.name, key, url)
    click.echo(f"{POLICY}: {amount(len(policy.witnesses), 'witness', 'witnesses')}.")


@command.command("request")
@click.option("--old", type=int, default=0, show_default=True, metavar="N", help="What the witness has seen already.")
@click.option("-o", "out", type=FILE, required=True, metavar="FILE", help="Where the request goes.")
@click.pass_context
def request(ctx: click.Context, old: int, out: Path) -> None:
    """Write a request to a file, for a witness without a network or by e-mail: archiver witness cosign FILE there,
    archiver witness take ANSWER here."""
    from archiver.work.cosigning import request_for

    data = request_for(session.open_archive(ctx), old).encode()
    _write(out, data)
    click.echo(f"{out}: give it to the witness, and what comes back to: archiver witness take FILE")


@command.command("take")
@click.argument("answer", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_json
@click.pass_context
def take(ctx: click.Context, answer: Path, as_json: bool) -> None:
    """Take in cosignatures that came as a file, and seal them. Only lines by the witnesses in trust/policy count."""
    from archiver.tlog.note import MAX_NOTE
    from archiver.work.cosigning import take_lines

    archive = session.open_archive(ctx)
    chosen = _chosen(archive.root, ())
    with answer.open("rb") as stream:
        data = stream.read(MAX_NOTE + 1)
    session.unlock(archive)
    done = take_lines(archive, chosen, data)
    for item in done.results:
        if not as_json:
            _show(item)
    _end(ctx, done, as_json)


@command.command("init")
@click.argument("name")
@click.option("--no-passphrase", is_flag=True, help="Keep the key unencrypted (a server that starts by itself).")
def init(name: str, no_passphrase: bool) -> None:
    """Become a witness, called NAME (a host name, perhaps with a path), with a key of its own."""
    from archiver.work.witness import make_witness

    _print_vkeys(make_witness(session.home(), name, session.new_passphrase(no_passphrase)))


@command.command("follow")
@click.argument("logs", nargs=-1, required=True, metavar="VKEY|FILE...")
def follow(logs: tuple[str, ...]) -> None:
    """Follow logs: their keys, or files with them (trust/log.vkey of an archive). Get them by a way that nobody can
    alter."""
    from archiver.work.witness import follow as follow_logs

    new = follow_logs(session.home(), logs)
    for key in new:
        click.echo(f"{key.name}+{key.key_id.hex()}")
    click.echo(f"{amount(len(new), 'new key')}." if new else "Nothing new: all of them are followed already.")


@command.command("show")
@_json
def show(as_json: bool) -> None:
    """Show this machine's witness: its key, the logs that it follows, the newest tree that it saw of each."""
    from archiver.work.witness import status

    state = status(session.home())
    if as_json:
        print_json(
            {
                "name": state.name,
                "key_file": str(state.key_file),
                "logs": [{"origin": log.origin, "keys": list(log.keys), "size": log.size} for log in state.logs],
                "splits": [str(path) for path in state.splits],
            }
        )
        return
    click.echo(f"witness {style(shown(state.name), bold=True)}, key in {state.key_file}")
    if state.logs:
        table(
            ("LOG", "KEYS", "SEEN"),
            [(log.origin, ", ".join(log.keys), str(log.size)) for log in state.logs],
            flexible=0,
        )
    else:
        click.echo("It follows no log yet: archiver witness follow FILE")
    for path in state.splits:
        click.echo(style(f"a log signed two trees: {path}", "red"))


@command.command("cosign")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "out", type=FILE, metavar="FILE", help="Where the cosignature goes (else standard output).")
@click.pass_context
def cosign(ctx: click.Context, file: Path, out: Path | None) -> None:
    """Cosign a request that came as a FILE, if it extends all that was seen of its log. Exit code 1 if not."""
    from archiver.tlog.witness import MAX_REQUEST
    from archiver.work.witness import Refused, open_witness

    witness = open_witness(session.home(), session.passphrase_from_environment(), session.ask_passphrase)
    with file.open("rb") as stream:
        data = stream.read(MAX_REQUEST + 1)
    answer = witness.answer(data)
    if isinstance(answer, Refused):
        click.echo(f"archiver: {file}: not cosigned: {answer.message}", err=True)
        if answer.status == 409 and answer.size is not None and answer.evidence is None:
            click.echo(f"  hint: they should make it with: archiver witness request --old {answer.size}", err=True)
        if answer.evidence is not None:
            click.echo(f"  this log signed two trees; both are kept: {answer.evidence}", err=True)
        ctx.exit(BAD)
    if out is None:
        sys.stdout.buffer.write(answer)
    else:
        _write(out, answer)
        click.echo(f"{out}: give it back; they type: archiver witness take {out.name}")


@command.command("serve")
@click.option("--name", metavar="NAME", help="Become a witness of this name first, with an unencrypted key.")
@click.option("--log", "logs", multiple=True, metavar="VKEY|FILE", help="Follow this log too.")
@click.option(
    "--listen", default="127.0.0.1:8123", show_default=True, metavar="HOST:PORT", help="Where to wait for requests."
)
def serve(name: str | None, logs: tuple[str, ...], listen: str) -> None:
    """Answer requests of logs over HTTP (POST /add-checkpoint), until stopped. Put a web server with TLS in front of it
    where it is reached from outside."""
    from archiver.web.witness_server import serve as serve_http
    from archiver.work.witness import follow as follow_logs
    from archiver.work.witness import make_witness, open_witness

    home = session.home()
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 <= int(port) < 65536:
        raise UsageError(f"--listen {listen[:80]}: not HOST:PORT, e.g. 127.0.0.1:8123")
    if name is not None:
        made = make_witness(home, name, None, again=True)
        if made is not None:
            _print_vkeys(made)
    if logs:
        follow_logs(home, logs)
    witness = open_witness(home, session.passphrase_from_environment(), session.ask_passphrase)
    with session.interruptible():
        serve_http(witness, host.strip("[]"), int(port), lambda line: click.echo(line, err=True))


def _chosen(root: Path, names: tuple[str, ...]) -> list[Any]:
    from archiver.store.witness_policy import POLICY, read_policy

    policy = read_policy(root / POLICY)
    known = {} if policy is None else {item.name: item for item in policy.witnesses}
    if not known:
        raise UsageError("this archive has no witness yet", hint="archiver witness add VKEY URL")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"no witness {unknown[0]!r} in trust/policy", hint="there are: " + ", ".join(known))
    return [known[name] for name in names] if names else list(known.values())


def _show(item: Any) -> None:
    colour = "red" if item.state == "failed" else "green"
    when = f" at {item.time:%Y-%m-%dT%H:%M:%SZ}" if item.time is not None else ""
    state = style(f"{item.state:<9}", colour, bold=item.state == "failed")
    click.echo(f"{state} {shown(item.witness)}: {amount(item.size, 'manifest')}{when}")
    if item.error:
        click.echo(f"          {style('error', 'red')}: {shown(item.error)}")
    if item.hint:
        click.echo(f"          hint: {shown(item.hint)}")


def _end(ctx: click.Context, done: Any, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "sequence": done.sequence,
                "results": [
                    {
                        "witness": item.witness,
                        "size": item.size,
                        "state": item.state,
                        "time": None if item.time is None else f"{item.time:%Y-%m-%dT%H:%M:%SZ}",
                        "file": item.file,
                        "error": item.error,
                    }
                    for item in done.results
                ],
            }
        )
    elif done.sequence is not None:
        click.echo(f"Sealed as number {done.sequence}.")
    elif not done.results:
        click.echo("Nothing to ask for: the witnesses have seen everything but stamps.")
    ctx.exit(BAD if any(item.state == "failed" for item in done.results) else GOOD)


def _print_vkeys(keys: Any) -> None:
    click.echo("Give this key to the logs that you follow, by a way that nobody can alter:\n")
    click.echo(f"  {keys[0].spell()}\n")
    click.echo("Its post-quantum key, for verifiers that read ML-DSA-44 lines:\n")
    click.echo(f"  {keys[1].spell()}")


def _write(path: Path, data: bytes) -> None:
    from archiver.errors import StoreError

    try:
        with path.open("xb") as stream:
            stream.write(data)
    except FileExistsError:
        raise StoreError("exists already", where=str(path), hint="choose another name") from None
    except OSError as error:
        raise StoreError(f"could not be written: {error.strerror}", where=str(path)) from None
