"""The story of one run as a single HTML file: no script, no font, no address in it leads elsewhere."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from nomenclair.workspace import Workspace, write_text
from review.story import Story, read_story


def html(story: Story, title: str) -> str:
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("report.html.j2").render(story=story, title=title)


def write(ws: Workspace) -> None:
    write_text(ws.report, html(read_story(ws), ws.root.resolve().name))
