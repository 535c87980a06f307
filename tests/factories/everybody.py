"""One of every kind of caller, and things of the first resident for the others to reach for."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from miniapi.accounts.models import Resident
from miniapi.custody.models import Certificate
from miniapi.custody.taking import new_code
from miniapi.drops.models import Drop
from miniapi.ids import new_id
from miniapi.merchants.models import Crew, Member, Merchant, MerchantKind, Role
from miniapi.pickup.handover_models import Hand, Handover
from miniapi.pickup.models import Pickup, PickupOffer, PickupState, Shift, Slot
from miniapi.settings import SANDBOX_PUSH_TOKEN
from miniapi.staff.models import StaffRole
from tests.factories.people import a_resident, an_id_number
from tests.factories.pictures import a_picture
from tests.factories.points import A_TABLE_OF_POINTS, a_point
from tests.factories.prices import A_TABLE_OF_PRICES
from tests.factories.slots import a_crew
from tests.factories.staff import PASSWORD, a_staff
from tests.web import Web, a_token_of

WORKERS = {
    "clerk": (MerchantKind.SELLER, Role.CLERK, "a shop"),
    "clerk elsewhere": (MerchantKind.SELLER, Role.CLERK, "another shop"),
    "crew": (MerchantKind.RECYCLER, Role.CREW, "a recycler"),
    "crew elsewhere": (MerchantKind.RECYCLER, Role.CREW, "another recycler"),
    "manager": (MerchantKind.RECYCLER, Role.MANAGER, "a recycler"),
    "manager elsewhere": (MerchantKind.RECYCLER, Role.MANAGER, "another recycler"),
    "station": (MerchantKind.RECYCLER, Role.STATION, "a recycler"),
    "station elsewhere": (MerchantKind.RECYCLER, Role.STATION, "another recycler"),
    "dismantler": (MerchantKind.DISMANTLER, Role.DISMANTLER, "a dismantler"),
    "dismantler elsewhere": (MerchantKind.DISMANTLER, Role.DISMANTLER, "a dismantler of another region"),
}
DESKS = [role.value for role in StaffRole]
CALLERS = ("nobody", "forged", "owner", "another", *WORKERS, *DESKS)
BECAUSE = "居民来电要求核对"


@dataclass(frozen=True)
class Season:
    """What there is to claim, to wait for and to book."""

    drop: Drop
    later: Drop
    by_lot: Drop
    slot: Slot
    at: datetime


@dataclass
class Everybody:
    """A cast for one question: whoever is asked for appears, with what they own."""

    web: Web
    season: Season
    owner: Resident | None = None
    workers: dict[str, Resident] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)  # things of the owner, by what a path calls them

    async def headers(self, caller: str) -> dict[str, str]:
        """What a caller shows: a token, or nothing."""
        if caller == "nobody":
            return {}
        token = secrets.token_urlsafe(32) if caller == "forged" else await self._token(caller)
        return {"Authorization": f"Bearer {token}"}

    async def _token(self, caller: str) -> str:
        if caller == "owner":
            self.owner = self.owner or await a_resident(self.season.at)
            return await a_token_of(self.owner)
        if caller in DESKS:
            return await a_token_of(await a_staff(self.season.at, StaffRole(caller)))
        if caller in WORKERS:
            return await a_token_of(await self._worker(caller))
        return await a_token_of(await a_resident(self.season.at))

    async def _worker(self, caller: str) -> Resident:
        if caller not in self.workers:
            self.workers[caller] = await a_resident(self.season.at)
            await _employ(self.workers[caller], *WORKERS[caller])
            if WORKERS[caller][1] is Role.CREW:
                await self._send_out(caller)
        return self.workers[caller]

    async def _send_out(self, caller: str) -> None:
        """One crew comes in the season's slot, the other does not."""
        coming = await Shift.get(slot_id=self.season.slot.id)
        crew_id = coming.crew_id if caller == "crew" else (await a_crew("二组")).id
        await Member.filter(resident=self.workers[caller]).update(crew_id=crew_id)

    def knows(self, called: str) -> bool:
        """Whether something can stand in a path for this name."""
        return hasattr(self, f"_a_{called}")

    async def thing(self, called: str) -> str:
        """What stands in a path for this name: something of the owner's, made when it is first asked for."""
        if called not in self.made:
            self.made[called] = await getattr(self, f"_a_{called}")()
        return self.made[called]

    async def body(self, route: str) -> dict[str, Any]:
        """What somebody would plausibly send there."""
        match route:
            case "POST /login":
                return {"code": "a-code-of-wx-login"}
            case "POST /me/phone":
                return {"phone": "13812345678"}
            case "POST /me/identity":
                return {"name": "张三", "id_number": an_id_number()}
            case "POST /me/consents":
                return {"version": (await self.web.get("/privacy")).json["version"]}
            case "POST /quotes":
                return {"region": "yangling", "items": [{"category": "fridge", "price_fen": 520000}]}
            case "POST /reminders":
                return {"kind": "drop", "drop": str(self.season.later.id), "minutes_before": 10}
            case "POST /pickups" | "POST /redemptions/{redemption}/pickup":
                address = {"district": "杨陵区", "street": "示例路 8 号"}
                items = [{"category": "fridge"}]
                return {"slot": str(self.season.slot.id), "items": items, "address": address}
            case "POST /pickups/{pickup}/offer/accept" | "POST /pickups/{pickup}/offer/refuse":
                return {"offer": await self._offered(await self.thing("pickup"))}
            case "POST /crew/pickups/{pickup}/offer":
                return {**_an_action(self.season.at), "price_fen": 1000}
            case "POST /crew/pickups/{pickup}/collect":
                taken = {"weight_grams": 1, "price_fen": 1000, "code": "000000"}
                return {**_an_action(self.season.at), **taken}
            case "POST /station/pickups/{pickup}/receive":
                await self._handed_over(await self.thing("pickup"), Hand.CREW)
                return {**_an_action(self.season.at), "weight_grams": 1000}
            case "POST /dismantler/pickups/{pickup}/dismantle":
                await self._handed_over(await self.thing("pickup"), Hand.STATION)
                return {**_an_action(self.season.at), "weight_grams": 1000}
            case "POST /staff/licences":
                recycler = await _merchant(MerchantKind.RECYCLER, "a recycler")
                paper = {"kind": "recycling", "number": "示例许可1", "valid_until": "2027-12-31"}
                return {"merchant": str(recycler.id), **paper}
            case "POST /me/crew":
                path = f"/merchant/crews/{await self.thing('crew')}/invitations"
                return {
                    "code": (await self.web.post(path, headers=await self.headers("manager"))).json["code"]
                }
            case "POST /merchant/crews" | "PATCH /merchant/crews/{crew}":
                return {"name": secrets.token_hex(4)}
            case "PUT /merchant/crews/{crew}/hours":
                return {"hours": []}
            case _ if route.startswith("POST /crew/pickups/{pickup}/"):
                return _an_action(self.season.at)
            case "POST /staff/pickups/closures":
                begins, ends = ((self.season.at + timedelta(days=days)).isoformat() for days in (40, 41))
                closed = {"region": "yangling", "starts_at": begins, "ends_at": ends}
                return {**closed, "reason": BECAUSE}
            case "POST /staff/pickups/{pickup_number}/resolve":
                return {"outcome": "cancelled", "reason": BECAUSE}
            case "POST /pickups/estimate":
                return {"region": "yangling", "items": [{"category": "fridge"}]}
            case "POST /pickups/{pickup}/reschedule":
                return {"slot": str(self.season.slot.id)}
            case "POST /merchant/redemptions/quote":
                path = f"/vouchers/{await self.thing('voucher')}/presentation"
                shown = (await self.web.post(path, headers=await self.headers("owner"))).json
                item = {"category": "fridge", "price_fen": 520000, "energy_grade": 1}
                return {"payload": shown["payload"], **item}
            case "POST /merchant/redemptions":
                number = secrets.token_hex(8)
                sold = {"brand": "示例牌", "model": "BCD-500", "serial_number": number}
                paid = {"invoice_number": number, "invoice_fen": 520000, "trade_in": {"declared": True}}
                return {"quote": await self.thing("quote"), **sold, **paid}
            case "POST /merchant/redemptions/{redemption}/refund":
                return {"reason": "门开不了"}
            case "POST /merchant/redemptions/{redemption}/correction":
                return {"price_fen": 500000, "invoice_fen": 500000, "reason": "少减了活动价"}
            case "POST /merchant/redemptions/{redemption}/exchange":
                other = {"brand": "示例牌", "model": "BCD-501", "serial_number": secrets.token_hex(8)}
                return {**other, "reason": "门开不了"}
            case "POST /staff/settlements":
                sold = [await self.thing("redemption")]
                shop = await Merchant.get(name=WORKERS["clerk"][-1])
                return {"region": "yangling", "merchant": str(shop.id), "redemptions": sold}
            case "POST /staff/redemptions/{redemption}/recovery":
                return {"reason": BECAUSE}
            case "POST /staff/redemptions/{redemption}/review":
                return {"accepted": False, "reason": BECAUSE}
            case "POST /chat":
                return {"text": "补贴多少", "region": "yangling", "session": "a-conversation"}
            case "POST /chat/{message}/feedback":
                return {"helpful": True}
            case "POST /tickets":
                attached = {"session": "a-conversation"} if "message" in self.made else {}
                return {"kind": "complaint", "text": "商户不让用券", **attached}
            case "POST /tickets/{ticket}/messages" | "POST /staff/tickets/{ticket}/answer":
                return {"text": "已经联系商户"}
            case (
                "POST /staff/tickets/{ticket}/close"
                | "POST /staff/tickets/{ticket}/reopen"
                | "POST /staff/tickets/{ticket}/conversation"
                | "POST /staff/vouchers/{voucher}/void"
                | "POST /staff/pickups/{pickup_number}/cancel"
                | "POST /staff/pickups/{pickup_number}/code"
                | "POST /staff/pickups/{pickup_number}/photos/{photo}"
            ):
                return {"reason": BECAUSE}
            case "POST /staff/tickets/{ticket}/forward":
                return {"role": "finance", "reason": BECAUSE}
            case "POST /staff/drops":
                opens_at = (self.season.at + timedelta(days=2)).isoformat()
                return {"region": "yangling", "opens_at": opens_at, "quota": 10}
            case "PATCH /staff/drops/{drop}":
                return {"frozen": False, "reason": BECAUSE}
            case "PATCH /staff/programmes/{region}":
                return {"claims_frozen": False, "reason": BECAUSE}
            case "POST /staff/programmes/{region}/unspent":
                return {"reason": BECAUSE}
            case "POST /staff/login":
                somebody = await a_staff(self.season.at)
                return {"username": somebody.username, "password": PASSWORD}
            case "POST /staff/password":
                return {"old": PASSWORD, "new": "another four words"}
            case "POST /staff/residents/search":
                return {"ticket": await self.thing("number")}
            case "POST /staff/residents/{resident}/reveal":
                return {"fields": ["phone"], "reason": BECAUSE}
            case "POST /staff/identity-moves":
                target = await a_resident(self.season.at, verified=False)
                moved = {"from_resident": await self.thing("resident"), "to_resident": str(target.id)}
                return {**moved, "reason": BECAUSE}
            case "POST /wechat/push":
                said = {"MsgType": "event", "Event": "user_enter_tempsession", "CreateTime": 1725163200}
                return {"ToUserName": "gh_1", "FromUserName": "o1", **said}
        return {}

    def table(self, route: str) -> bytes | None:
        """The file that is sent where a route takes one."""
        match route:
            case "POST /staff/points":
                return A_TABLE_OF_POINTS
            case "PUT /merchant/prices":
                return A_TABLE_OF_PRICES
            case "POST /pickups/{pickup}/photos":
                return a_picture()
            case "POST /crew/pickups/{pickup}/photos" | "POST /crew/pickups/{pickup}/signature":
                return a_picture()
        return None

    def query(self, route: str) -> dict[str, str]:
        """The parameters without which a question makes no sense."""
        match route:
            case "GET /drops" | "GET /points" | "GET /merchants" | "GET /pickups/slots":
                return {"region": "yangling"}
            case "GET /staff/pickups/closures" | "POST /staff/points":
                return {"region": "yangling"}
            case "GET /staff/licences" | "GET /staff/handovers":
                return {"region": "yangling"}
            case "GET /staff/ledger":
                return {"book": self.season.drop.programme.code}
            case "GET /wechat/push" | "POST /wechat/push":
                said = "".join(sorted((SANDBOX_PUSH_TOKEN, "1725163200", "nonce")))
                signature = hashlib.sha1(said.encode()).hexdigest()  # noqa: S324  as WeChat signs
                signed = {"signature": signature, "timestamp": "1725163200", "nonce": "nonce"}
                return {**signed, "echostr": "echo"}
        return {}

    async def _a_region(self) -> str:
        return "yangling"

    async def _a_drop(self) -> str:
        return str(self.season.drop.id)

    async def _a_resident(self) -> str:
        await self._token("owner")
        return str(self.owner.id) if self.owner else ""

    async def _a_voucher(self) -> str:
        return str((await self._made("POST /drops/{drop}/claims"))["voucher"]["id"])

    async def _a_pickup(self) -> str:
        return str((await self._made("POST /pickups"))["id"])

    async def _a_pickup_number(self) -> str:
        return (await Pickup.get(id=await self.thing("pickup"))).number

    async def _offered(self, pickup: str) -> str:
        """Somebody is at the door and names a price."""
        shift = await Shift.get(slot_id=self.season.slot.id)
        await Pickup.filter(id=pickup).update(state=PickupState.ARRIVED, crew_id=shift.crew_id)
        offer = await PickupOffer.create(pickup_id=pickup, price_fen=1000, offered_at=self.season.at)
        return str(offer.id)

    async def _handed_over(self, pickup: str, last: Hand) -> None:
        """What was booked is in these hands, those of the recycler for whom the first station works."""
        recycler = await _merchant(MerchantKind.RECYCLER, WORKERS["station"][-1])
        crew, _ = await Crew.get_or_create(merchant=recycler, name="收走旧物的一组")
        weighed = {"weight_grams": 1000, "price_fen": 0, "crew_id": crew.id}
        state = PickupState.COLLECTED if last is Hand.CREW else PickupState.RECEIVED
        await Pickup.filter(id=pickup).update(state=state, **weighed)
        for hand in Hand.CREW, Hand.STATION:
            await Handover.create(
                pickup_id=pickup,
                hand=hand,
                previous=None if hand is Hand.CREW else Hand.CREW,
                merchant=recycler,
                licence_number="示例许可1",
                licence_valid_until=self.season.at.date(),
                weight_grams=1000,
                done_at=self.season.at,
                at=self.season.at,
            )
            if hand is last:
                return

    async def _a_code(self) -> str:
        return (
            await Certificate.create(
                pickup_id=await self.thing("pickup"), code=new_code(), issued_at=self.season.at
            )
        ).code

    async def _a_slot(self) -> str:
        return str(self.season.slot.id)

    async def _a_closure(self) -> str:
        return str((await self._made("POST /staff/pickups/closures", by="bureau"))["id"])

    async def _a_point(self) -> str:
        return str((await a_point(secrets.token_hex(4))).id)

    async def _a_photo(self) -> str:
        path = f"/pickups/{await self.thing('pickup')}/photos"
        answer = await self.web.post(path, headers=await self.headers("owner"), raw=a_picture())
        assert answer.status == 201, answer
        return str(answer.json["id"])

    async def _a_crew(self) -> str:
        return str((await self._made("POST /merchant/crews", by="manager"))["id"])

    async def _a_member(self) -> str:
        crew = await Crew.get(id=await self.thing("crew"))
        resident = await a_resident(self.season.at)
        joined = await Member.create(
            resident=resident, merchant_id=crew.merchant_id, role=Role.CREW, crew=crew
        )
        return str(joined.id)

    async def _a_reminder(self) -> str:
        return str((await self._made("POST /reminders"))["id"])

    async def _a_registration(self) -> str:
        path = f"/drops/{self.season.by_lot.id}/registrations"
        return str((await self.web.post(path, headers=await self.headers("owner"))).json["id"])

    async def _a_quote(self) -> str:
        return str((await self._made("POST /merchant/redemptions/quote", by="clerk"))["quote"])

    async def _a_redemption(self) -> str:
        return str((await self._made("POST /merchant/redemptions", by="clerk"))["id"])

    async def _a_message(self) -> str:
        return str((await self._made("POST /chat"))["message"])

    async def _a_ticket(self) -> str:
        await self.thing("message")  # the conversation that goes along
        return str((await self._made("POST /tickets"))["id"])

    async def _a_number(self) -> str:
        return str((await self._made("POST /tickets"))["number"])

    async def _a_settlement(self) -> str:
        return str((await self._made("POST /staff/settlements", by="finance"))["id"])

    async def _made(self, route: str, *, by: str = "owner") -> Any:
        path = route.removeprefix("POST ").format(drop=self.season.drop.id)
        headers = await self.headers(by)
        answer = await self.web.post(path, headers=headers, **await self.body(route))
        assert answer.status in (200, 201), answer
        return answer.json


def _an_action(at: datetime) -> dict[str, str]:
    return {"action": str(new_id()), "done_at": at.isoformat()}


async def _employ(resident: Resident, kind: MerchantKind, role: Role, name: str) -> None:
    await Member.create(resident=resident, merchant=await _merchant(kind, name), role=role)


async def _merchant(kind: MerchantKind, name: str) -> Merchant:
    region = "qingzhou" if name.endswith("of another region") else "yangling"
    merchant, _ = await Merchant.get_or_create(
        region=region, kind=kind, name=name, defaults={"address": "示例路 1 号"}
    )
    return merchant
