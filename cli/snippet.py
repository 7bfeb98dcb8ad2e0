"""The lines that a site's owner puts into a page to send events with a client."""

import json

from event_lens.registry.tables import Client, Project
from event_lens.settings import Settings


def lines_for_pages(settings: Settings, project: Project, client: Client) -> list[str]:
    """Return lines that say how pages send events with `client`, which settings are missing, and which events would not
    count; an empty list for a read client.

    A line to copy is one element of the list, however long it is.
    """
    if client.type == "read":
        return []
    address = settings.public_url or settings.local_url(settings.collector_port)
    lines = ["In a page (before </head>):", "", script_tag(address, client.client_id), ""]
    lines += ["Or where npm's @openpanel/web is bundled:", "", *module_lines(address, client.client_id), ""]
    if not settings.public_url:
        lines.append("This address is for this machine only: set EVENTLENS_PUBLIC_URL to what browsers reach.")
    if not client.origins:
        lines.append(f"No page may send yet: eventlens client origins add {client.client_id} https://YOUR-SITE")
    if not project.allow_unsafe_revenue:
        lines.append(
            "Revenue that pages send is kept and not counted (anybody could send it): send it from a server with the "
            f"secret, or count it all the same: eventlens project change {project.project_id} --allow-unsafe-revenue"
        )
    return lines


def script_tag(address: str, client_id: str) -> str:
    """Return the tag for a page without a bundler. It has no inline script, so a content security policy can allow
    it.
    """
    return f'<script src="{address}/op1.js" data-client-id="{client_id}" defer></script>'


def module_lines(address: str, client_id: str) -> list[str]:
    """Return the four lines for a site that bundles npm's @openpanel/web."""
    options = f"apiUrl: {json.dumps(address)}, clientId: {json.dumps(client_id)}"
    return [
        'import { OpenPanel } from "@openpanel/web";',
        "export const op = new OpenPanel({",
        f"  {options}, trackScreenViews: true, trackOutgoingLinks: true, trackAttributes: true,",
        "});",
    ]
