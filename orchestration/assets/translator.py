"""How a dbt node becomes an asset: the table's address is its key, the model's folder its group."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

from event_lens.shards import OWN, SPANNING

OWNER = "team:data"
STALE_AFTER = timedelta(hours=26)


class TableTranslator(DagsterDbtTranslator):
    """The asset `lens/sessions` is the table `lens.sessions`; dbt's tests are checks of the asset that they test."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=True, enable_source_tests_as_checks=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        # A source may be read through a view; its asset is the table that events land in.
        name = dbt_resource_props.get("alias") or dbt_resource_props["name"]
        return dg.AssetKey([dbt_resource_props["schema"], name])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        folders: list[str] = dbt_resource_props["fqn"][1:-1]
        return folders[0] if folders else dbt_resource_props["resource_type"]

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the description of the table, or the comment at the head of the model if it has no description, and
        after it the model's file and SQL.
        """
        sql = dbt_resource_props.get("raw_code") or ""
        head = dbt_resource_props.get("description") or _head_comment(sql)
        path = dbt_resource_props["original_file_path"]
        return f"{head}\n\n`{path}`" + (f"\n\n```sql\n{sql}\n```" if sql else "")

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        return [OWNER]

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        is_public = spec.key.path[0] in (SPANNING, OWN)
        return spec.replace_attributes(
            freshness_policy=dg.FreshnessPolicy.time_window(fail_window=STALE_AFTER) if is_public else None
        )

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        test = manifest["nodes"][unique_id]
        columns = ", ".join(test.get("test_metadata", {}).get("kwargs", {}).get("columns", ()))
        said = f"No two rows have the same {columns}." if columns else _head_comment(test["raw_code"])
        return spec._replace(description=said) if spec else None


def _head_comment(sql: str) -> str:
    """Return the first block of comment lines of a model, each paragraph on one line."""
    lines = re.search(r"^(?:--.*\n?)+", sql, re.MULTILINE)
    paragraphs = re.sub(r"^-- ?", "", lines[0] if lines else "", flags=re.MULTILINE).strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split("\n")) for paragraph in paragraphs)
