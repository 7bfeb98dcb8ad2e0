"""`eventlens client`: what is printed for a page, and its origins."""

from typing import Any

import pytest

from cli.snippet import lines_for_pages
from event_lens.registry.clients import create_client
from event_lens.registry.database import Registry
from event_lens.registry.projects import create_project
from event_lens.settings import Settings, read_settings
from tests.unit.cli.test_definitions import answer, run

PUBLIC = {"EVENTLENS_PUBLIC_URL": "https://stats.example.com"}


def lines(
    registry: Registry, environ: dict[str, str], type: str = "write", origins: tuple[str, ...] = (), **settings: Any
) -> list[str]:
    project = create_project(registry, "shop", **settings)
    client, _ = create_client(registry, project.project_id, type, origins=origins)
    return [
        line.replace(client.client_id, "CLIENT") for line in lines_for_pages(read_settings(environ), project, client)
    ]


def test_a_page_is_ready_with_the_tag_or_four_lines(registry: Registry) -> None:
    told = lines(registry, PUBLIC, origins=("example.com",), allow_unsafe_revenue=True)
    assert told == [
        "In a page (before </head>):",
        "",
        '<script src="https://stats.example.com/op1.js" data-client-id="CLIENT" defer></script>',
        "",
        "Or where npm's @openpanel/web is bundled:",
        "",
        'import { OpenPanel } from "@openpanel/web";',
        "export const op = new OpenPanel({",
        '  apiUrl: "https://stats.example.com", clientId: "CLIENT", '
        "trackScreenViews: true, trackOutgoingLinks: true, trackAttributes: true,",
        "});",
        "",
    ]


def test_settings_that_are_missing_before_a_page_can_send_are_named(registry: Registry) -> None:
    told = lines(registry, {"EVENTLENS_COLLECTOR_PORT": "4002"})
    assert '<script src="http://127.0.0.1:4002/op1.js" data-client-id="CLIENT" defer></script>' in told
    assert any("set EVENTLENS_PUBLIC_URL" in line for line in told)
    assert any("eventlens client origins add CLIENT" in line for line in told)


def test_events_of_pages_that_do_not_count_are_named(registry: Registry) -> None:
    assert any("--allow-unsafe-revenue" in line for line in lines(registry, PUBLIC))
    assert not any("evenue" in line for line in lines(registry, PUBLIC, allow_unsafe_revenue=True))


@pytest.mark.parametrize(("type", "has_lines"), [("read", False), ("write", True), ("root", True)])
def test_a_client_that_only_reads_gets_no_lines_for_pages(registry: Registry, type: str, has_lines: bool) -> None:
    assert bool(lines(registry, PUBLIC, type)) == has_lines


def test_a_new_client_comes_with_its_tag_in_one_piece_and_its_origins_change_later(
    settings: Settings, registry: Registry
) -> None:
    project = create_project(registry, "shop").project_id
    done = run(settings, "client", "create", "--project", project, "--type", "write", **PUBLIC)
    client_id = next(word for word in done.stdout.split() if word.startswith("write_"))
    tag = f'<script src="https://stats.example.com/op1.js" data-client-id="{client_id}" defer></script>'
    assert tag in done.stdout.splitlines()
    added = answer(settings, "client", "origins", "add", client_id, "https://example.com/", "*.example.com")
    assert added == {"clientId": client_id, "origins": ["https://example.com", "*.example.com"]}
    removed = answer(settings, "client", "origins", "remove", client_id, "*.example.com")
    assert removed["origins"] == ["https://example.com"]
