"""The options of `synthserve-server`, generated from the settings."""

from collections.abc import Iterator

import click

from synthserve_server.settings.descriptions import Description, descriptions

_METAVARS = {"integer": "INTEGER", "number": "NUMBER", "text": "TEXT", "path": "PATH", "path or text": "FILE|URL"}


class ServerCommand(click.Command):
    """Shows its options in the groups of the settings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options, group by group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        titles = {one.name: one.group for one in descriptions()}
        for parameter in self.get_params(ctx):
            if (record := parameter.get_help_record(ctx)) is not None:
                groups.setdefault(titles.get(parameter.name or "", ""), []).append(record)
        for title, records in groups.items():
            with formatter.section(title or "Options"):
                formatter.write_dl(records)


def options() -> Iterator[click.Option]:
    """An option for each setting. Values stay text: the settings parse and check them."""
    for one in descriptions():
        if one.flag:
            yield _option(one)


def _option(one: Description) -> click.Option:
    names = f"{one.flag}/{one.negative_flag}" if one.negative_flag else one.flag
    shown = f" [{one.default}]" if one.default and one.default != "no" else ""
    repeated = " Can be repeated." if one.is_list else ""
    if one.is_switch:
        return click.Option([names, one.name], is_flag=True, default=None, help=f"{_imperative(one.text)}{shown}")
    return click.Option(
        [one.flag, one.name],
        multiple=one.is_list,
        default=None,
        metavar=_METAVARS.get(one.kind, one.kind),
        help=f"{one.text}{repeated}{shown}",
    )


def _imperative(text: str) -> str:
    """The text of a switch without its leading "Whether"."""
    for prefix in ("Whether to ", "Whether "):
        if text.startswith(prefix):
            rest = text.removeprefix(prefix)
            return rest[:1].upper() + rest[1:]
    return text
