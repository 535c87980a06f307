"""The product with one route more, which keeps a booking as one row and looks at nothing: for the bench."""

from typing import Any

from sanic import Blueprint, Request, Sanic
from sanic.response import HTTPResponse

from faq.packs import Library
from miniapi import cli, clock, worker
from miniapi.accounts.callers import SignedInResident
from miniapi.app import create_app
from miniapi.http.answers import json
from miniapi.http.requests import body
from miniapi.ids import new_id
from miniapi.keys import Keys
from miniapi.pickup.models import Pickup
from miniapi.pickup.schemas import BookPickup

plain = Blueprint("plain", url_prefix="/api/v1/plain")


@plain.post("/pickups")
@body(BookPickup)
async def insert(
    request: Request, resident: SignedInResident, body: BookPickup, keys: Keys, library: Library
) -> HTTPResponse:
    """A booking as one row."""
    pickup_id = new_id()
    pickup = await Pickup.create(
        id=pickup_id,
        number=pickup_id.hex[-16:],
        resident_id=resident.id,
        slot_id=body.slot,
        items=[{"category": item.category.key} for item in body.old_items(library.categories)],
        district=body.door.district,
        street_sealed=keys.seal(body.door.street),
        booked_at=clock.now(),
    )
    return json({"id": str(pickup.id), "number": pickup.number, "state": pickup.state}, status=201)


def main() -> None:
    """Serve it."""

    def create(*loaded: Any) -> Sanic:
        app = create_app(*loaded)
        app.blueprint(plain)
        return app

    worker.create_app = create
    cli.main(["serve", "--workers", "1"])


if __name__ == "__main__":
    main()
