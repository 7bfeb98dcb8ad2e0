"""The lines that a site's owner puts into a page, for one client."""

import json

from event_lens.settings import Settings


def script_tag(address: str, client_id: str) -> str:
    """The tag for a page without a bundler, with nothing inline, so that a content security policy can allow it."""
    return f'<script src="{address}/op1.js" data-client-id="{client_id}" defer></script>'


def module_lines(address: str, client_id: str) -> str:
    """The lines for a site that bundles npm's @openpanel/web."""
    options = f"apiUrl: {json.dumps(address)}, clientId: {json.dumps(client_id)}"
    return (
        'import { OpenPanel } from "@openpanel/web";\n'
        "export const op = new OpenPanel({\n"
        f"  {options}, trackScreenViews: true, trackOutgoingLinks: true, trackAttributes: true,\n"
        "});"
    )


def collector_address(settings: Settings) -> str:
    """Where browsers reach the collector."""
    return settings.public_url or settings.local_url(settings.collector_port)
