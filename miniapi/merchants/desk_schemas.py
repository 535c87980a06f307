"""The JSON of lists that the staff keep."""

from typing_extensions import TypedDict

from miniapi import sheets
from miniapi.http.regions import RegionName
from miniapi.http.requests import Query
from miniapi.merchants import point_files
from miniapi.merchants.actions import Loaded


class PointsInto(Query):
    """Whose list is meant."""

    region: RegionName


class LoadedJson(TypedDict):
    """What became of a file. `refused_csv` holds the rows that were left out, with a column `error`."""

    added: int
    updated: int
    refused: int
    refused_csv: str | None


def loaded_json(loaded: Loaded) -> LoadedJson:
    """How many points are new or described anew, and the rows to be mended."""
    return {
        "added": loaded.added,
        "updated": loaded.updated,
        "refused": len(loaded.wrong),
        "refused_csv": sheets.refused(point_files.COLUMNS, loaded.wrong) if loaded.wrong else None,
    }
