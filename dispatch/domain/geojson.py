"""Outlines of areas as GeoJSON (RFC 7946): what a map can draw of a file, and what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST_FEATURES = 2_000
MOST_POINTS = 200_000
"""More would make a page wait for seconds; a tool like mapshaper makes outlines simpler."""


def outlines(data: Any) -> dict[str, Any]:
    """Polygons with ``code`` and ``name`` and nothing else of the file. Raises ``ValueError`` naming the feature."""
    if not isinstance(data, Mapping) or data.get("type") != "FeatureCollection":
        raise ValueError("a FeatureCollection is wanted")
    features = data.get("features")
    if not isinstance(features, list) or not features:
        raise ValueError("features: there are none")
    if len(features) > MOST_FEATURES:
        raise ValueError(f"features: {len(features)} are more than {MOST_FEATURES}")
    found = [_feature(n, one) for n, one in enumerate(features, 1)]
    points = sum(len(ring) for one in found for ring in rings(one["geometry"]))
    if points > MOST_POINTS:
        raise ValueError(f"{points} points are more than {MOST_POINTS}: simplify the outlines first")
    return {"type": "FeatureCollection", "features": found}


def rings(geometry: Mapping[str, Any]) -> Iterator[list[Any]]:
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    for polygon in polygons:
        yield from polygon


def _feature(n: int, one: Any) -> dict[str, Any]:
    where = f"feature {n}"
    if not isinstance(one, Mapping) or not isinstance(one.get("geometry"), Mapping):
        raise ValueError(f"{where}: no geometry")
    known = one.get("properties") or {}
    code, name = known.get("code"), known.get("name")
    if not code and not name:
        raise ValueError(f"{where}: properties need a code or a name")
    geometry = one["geometry"]
    if geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"{where}: {geometry.get('type')} is no Polygon and no MultiPolygon")
    try:
        for ring in rings(geometry):
            _ring(ring)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ValueError(f"{where} ({code or name}): {error}") from error
    shape = {"type": geometry["type"], "coordinates": geometry["coordinates"]}
    return {"type": "Feature", "properties": {"code": code, "name": name}, "geometry": shape}


def _ring(ring: Any) -> None:
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise ValueError("a ring has four points or more and ends where it began")
    for point in ring:
        lon, lat = float(point[0]), float(point[1])
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise ValueError(f"{lon}, {lat} is no place: longitude first, in degrees")
