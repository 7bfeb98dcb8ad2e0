"""`eventlens client`: what is printed for a page, and its origins."""

import pytest

from event_lens.registry.database import Registry
from event_lens.registry.projects import create_project
from event_lens.settings import Settings
from tests.unit.cli.test_definitions import answer, run

PUBLIC = {"EVENTLENS_PUBLIC_URL": "https://stats.example.com"}


@pytest.fixture
def project(registry: Registry) -> str:
    return create_project(registry, "shop").project_id


def test_a_new_client_comes_with_the_lines_for_a_page_in_one_piece(settings: Settings, project: str) -> None:
    done = run(
        settings, "client", "create", "--project", project, "--type", "write", "--origin", "example.com", **PUBLIC
    )
    client_id = next(word for word in done.stdout.split() if word.startswith("write_"))
    lines = done.stdout.splitlines()
    assert f'<script src="https://stats.example.com/op1.js" data-client-id="{client_id}" defer></script>' in lines
    start = lines.index('import { OpenPanel } from "@openpanel/web";')
    module = " ".join(lines[start : start + 4])
    assert f'apiUrl: "https://stats.example.com", clientId: "{client_id}", trackScreenViews: true' in module
    assert module.endswith("});")
    assert "--allow-unsafe-revenue" in done.stdout
    assert "EVENTLENS_PUBLIC_URL" not in done.stdout
    assert "origins add" not in done.stdout


def test_it_says_what_is_missing_before_a_page_can_send(settings: Settings, project: str) -> None:
    done = run(settings, "client", "create", "--project", project, "--type", "write")
    assert 'src="http://127.0.0.1:3002/op1.js"' in done.stdout
    assert "set EVENTLENS_PUBLIC_URL" in done.stdout
    assert "eventlens client origins add write_" in done.stdout


def test_a_reader_gets_no_lines_for_a_page(settings: Settings, project: str) -> None:
    reader = run(settings, "client", "create", "--project", project, "--type", "read")
    assert "op1.js" not in reader.stdout


def test_origins_are_added_and_removed_later(settings: Settings, project: str) -> None:
    made = answer(settings, "client", "create", "--project", project, "--type", "write")
    assert made.keys() == {"clientId", "clientSecret", "type", "projectId"}
    client_id = made["clientId"]
    added = answer(settings, "client", "origins", "add", client_id, "https://example.com/", "*.example.com")
    assert added == {"clientId": client_id, "origins": ["https://example.com", "*.example.com"]}
    removed = answer(settings, "client", "origins", "remove", client_id, "*.example.com")
    assert removed["origins"] == ["https://example.com"]
