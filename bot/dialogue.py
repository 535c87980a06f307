"""A conversation: one message in, one reply out, with everything a person may do in between."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import reduce
from itertools import pairwise

from bot import follow_ups, stories, tasks, understanding
from bot.memory import Memory
from bot.policy import Policy
from bot.ports import Caller, City
from bot.replies import Action, Reply
from bot.skill import Skill, Turn
from bot.skills import SKILLS, drops, scope, smalltalk
from faq.matcher import Found, Matcher
from faq.packs import Library
from faq.text import plain

LONGEST_MESSAGE = 500
SURE_ENOUGH_HALFWAY = 0.6  # in the middle of a task a question must be clear to be one
SURE_ENOUGH_FOR_TALK = 0.75  # so sure that what looks like small talk is a question to the documents
MOST_OF_A_GREETING = 3  # characters; nothing shorter is looked up
MOST_PARTS = 3
MOST_PIECES = 6

_BY_NAME = {skill.name: skill for skill in SKILLS if skill.slots or skill.propose}
_BREAK = re.compile(r"[?？。!！;；\n]+")
_SOFT_BREAK = re.compile(r"[,，]|另外|还有就是|顺便(?:问一?下)?")
_BESIDES = re.compile(r"^(?:还有(?:就是)?|另外|再问一?下?|顺便(?:问一?下?)?)(?=.{4})")
_PAUSE = re.compile(r"[\s,，]+")  # voice input and hurried people write no marks
_OF_OURS = re.compile(r"券|补贴|以旧换新|换新|旧|家电|家具|回收|商家")
_JUST_A_PLACE = re.compile(
    r"^(?:我(?:们)?(?:现在)?(?:是|在|住|家在|住在|问的?是?|人在)?|是|在|问的?是?|就是|选|看"
    r"|换成?|这边是|那)?(?:的)?[,，。!！]*(?:市|区|省|县|示范区|的|人|这边|这里|那边|呢|吧"
    r"|啊|哦|呀)*$"
)
_MUMBLES = re.compile(r"[嗯啊哦噢额呃哎唉哟呀好的行对是不可以吧了哈确认定ok.。…~～!！?？\s]+", re.IGNORECASE)
_ASKS_NOTHING_MORE = re.compile(
    r"(?:那|我|该|要|现在)*(?:怎么|咋|如何|怎样)(?:办|处理|弄|解决)(?:呢|啊|呀|才好)?"
    r"|(?:这个?|你们)?(?:方案|政策|文件|草案|规定)?(?:里|上|是)*(?:怎么|咋|如何)(?:说|写|讲|规定)(?:的|呢)*"
)
_COMPARES = re.compile(
    r"[和跟与、比]|有(?:什么|啥|哪些)?(?:不一样|不同|区别|差别)(?:的?地方)?|哪(?:个|边|里)(?=.{0,2}(?:多|高|好|划算))|(?:一不一样|一样|相同|相比|对比|比较)(?:吗|不|么)?"
)
_GETS_MORE = re.compile(r"(?:补|减|给)[得的]?[更最]?[多高]|更?划算")
_LISTED = re.compile(r"[、,，和跟与及还有或\s]*")
_OF_A_VISIT = {"reschedule", "cancel_booking", "booking_status", "book_pickup"}
_TOLD_LIVE = {"drop_calendar", "claim_steps", "claim_trouble"}  # what an open drop belongs to


class Dialogue:
    """Answers messages. It keeps nothing itself: all state is in the `Memory` that comes with each call."""

    def __init__(self, library: Library, matcher: Matcher) -> None:
        self._policy = Policy(library, matcher)
        self._library = library

    async def answer(self, text: str, memory: Memory, caller: Caller, city: City) -> Reply:
        """What to say to a message; the memory is changed in place."""
        raw = text[:LONGEST_MESSAGE]
        message = self._policy.matcher.aright(plain(raw))
        named = self._note_place(message, memory, caller)
        unanswered, memory.unanswered = memory.unanswered, None
        turn = Turn(
            text=message,
            raw=raw,
            caller=caller,
            city=city,
            policy=self._policy,
            memory=memory,
            now=city.now(),
            region=memory.region,
            unanswered=unanswered,
        )
        reply = await self._reply(turn, named)
        return reply.within_bounds()

    def _note_place(self, text: str, memory: Memory, caller: Caller) -> str | None:
        """Which place this is about: the one last named in the text or chosen in the client."""
        named = self._library.region_named_in(text)
        chosen = caller.region if caller.region in self._library.packs else None
        if named is not None:
            memory.region = named
        elif chosen is not None and chosen != memory.given_region:
            memory.region = chosen
        if chosen is not None:
            memory.given_region = chosen
        return named

    async def _reply(self, turn: Turn, named: str | None) -> Reply:
        memory = turn.memory
        if memory.task is not None:
            going_on = await self._go_on(turn)
            if going_on is not None:
                return going_on
        offered, memory.offered = memory.offered, None
        if offered and understanding.says_yes(turn.text) and (skill := _BY_NAME.get(offered)):
            return await tasks.start(skill, turn.saying(memory.question or ""))
        if named is not None and self._is_only_a_place(turn.text):
            return await self._place_told(turn)
        pending, memory.pending = memory.pending, None
        text, is_upset = smalltalk.without_outburst(smalltalk.without_greeting(turn.text))
        turn = replace(turn, text=text)
        reply = await self._say(turn)
        if is_upset and reply.intent != "smalltalk":
            reply = replace(reply, text=f"{smalltalk.SORRY}{reply.text}")
        if pending and memory.pending is None and reply.intent in ("smalltalk", "decline"):
            memory.pending = pending
        return reply

    # --- a task under way

    async def _go_on(self, turn: Turn) -> Reply | None:
        """The next step of what is under way; None when the message leaves it for something else."""
        task = turn.memory.task
        skill = _BY_NAME.get(task.skill) if task else None
        if task is None or skill is None or (skill.needs_sign_in and turn.caller.id is None):
            turn.memory.task = None
            return None
        turn = replace(turn, known=task.known)
        if task.confirming and tasks.agrees(skill, turn.text):
            return await tasks.agreed(skill, turn)
        own_words = tasks.awaits_own_words(skill, turn)
        if understanding.says_stop(turn.text, alone=own_words):
            turn.memory.task = None
            return Reply(skill.stopped, skill.name)
        heard = tasks.Heard(False)
        if own_words or not self._is_a_question(turn):
            heard = tasks.hear(skill, turn)
        if heard.learnt:
            return await tasks.proceed(skill, turn, heard.problem)
        if heard.problem:
            return tasks.not_understood(skill, turn, heard.problem)
        if task.confirming and understanding.says_no(turn.text):
            return Reply(
                "好的，先不办。要改哪一项？直接说新的日期、时间或地址；不办了就说「算了」。", skill.name
            )
        aside = await self._aside(skill, turn)
        if aside is not None:
            return aside
        heard = tasks.hear_the_answer(skill, turn)
        if heard.learnt:
            return await tasks.proceed(skill, turn)
        return tasks.not_understood(skill, turn, heard.problem)

    async def _aside(self, skill: Skill, turn: Turn) -> Reply | None:
        """Something else asked halfway: answered, and then back to the question that was open."""
        wanted = self._skill_wanted(turn)
        if wanted is not None and (wanted.name == skill.name or _MUMBLES.fullmatch(turn.text)):
            return None
        if wanted is not None and wanted.name in _BY_NAME:
            turn.memory.task = None
            return await tasks.start(wanted, turn)
        if wanted is not None:
            said: Reply | None = await tasks.start(wanted, turn)
        else:
            said = self._clear_answer(turn)
        if said is None:
            return None
        return said.followed_by(Reply(tasks.what_was_asked(skill, turn), skill.name))

    def _clear_answer(self, turn: Turn) -> Reply | None:
        """The documents' answer, where a message is clearly a question to them."""
        if turn.region is None or not understanding.asks(turn.text):
            return None
        found = self._policy.find(turn.text, turn.region)
        if found.best is None or found.verdict != "answer":
            return self._policy.decline(turn.region, found) if self._is_a_question(turn) else None
        return self._policy.say(found.best, turn.now, found.confidence)

    def _is_a_question(self, turn: Turn) -> bool:
        """A question about the programme rather than the answer to one of ours."""
        if re.search(r"行不行?|行吗|可以吗|好吗|方便吗|能约吗|可不可以", turn.text) or not understanding.asks(
            turn.text
        ):
            return False
        wanted = self._skill_wanted(turn)
        if wanted is not None:
            return turn.memory.task is None or wanted.name != turn.memory.task.skill
        return self._policy.find(turn.text, turn.region).confidence >= SURE_ENOUGH_HALFWAY

    # --- a message by itself

    async def _say(self, turn: Turn) -> Reply:
        """The reply to a message; where it holds two questions, the reply to both."""
        parts = self._parts(turn)
        if len(parts) < 2:
            return await self._say_one(turn)
        reply = await self._say_one(parts[0])
        for part in parts[1:]:
            reply = reply.followed_by(await self._say_one(part))
        return reply

    def _parts(self, turn: Turn) -> list[Turn]:
        """The questions of a message, if each stands for itself and they are not the same one."""
        for pattern, text, sure in (
            (_BREAK, turn.text, False),
            (_SOFT_BREAK, turn.text, True),
            (_PAUSE, turn.raw, True),
        ):
            pieces = [
                piece
                for piece in (_BESIDES.sub("", plain(one)) for one in pattern.split(text))
                if len(piece) >= MOST_OF_A_GREETING and not _ASKS_NOTHING_MORE.fullmatch(piece)
            ]
            if not 2 <= len(pieces) <= MOST_PARTS:
                continue
            parts = [turn.saying(piece) for piece in pieces]
            meanings = [self._meaning(part, sure) for part in parts]
            different = all(meanings) and len(set(meanings)) == len(meanings)
            if different and not self._is_one(turn, pieces, meanings):
                return sorted(parts, key=self._is_task)
        return []

    def _each_thing(self, turn: Turn) -> list[tuple[str, Turn]]:
        """床垫沙发能补吗: the same question about each thing, where the answers are not the same."""
        named = self._library.categories.mentions(turn.text)
        if turn.region is None or not 2 <= len({one.category for one in named}) <= MOST_PARTS:
            return []
        if not all(_LISTED.fullmatch(turn.text[one.end : other.start]) for one, other in pairwise(named)):
            return []
        before, behind = turn.text[: named[0].start], turn.text[named[-1].end :]
        words = [turn.text[one.start : one.end] for one in named]
        each = [(word, turn.saying(f"{before}{word}{behind}")) for word in words]
        found = [self._policy.find(one.text, turn.region) for _, one in each]
        answers = {one.best.id for one in found if one.best is not None and one.verdict == "answer"}
        certain = all(one.verdict == "answer" for one in found)
        return each if certain and len(answers) > 1 else []

    def _each_place(self, turn: Turn) -> Reply | None:
        """杨凌和济宁的补贴有什么不一样: the same question for each place that is named, side by side."""
        named = self._library.regions_named_in(turn.text)
        if not 2 <= len(named) <= MOST_PARTS or _COMPARES.search(turn.text) is None:
            return None
        question = _COMPARES.sub("", self._library.without_places(turn.text))
        question = _GETS_MORE.sub("补贴多少", question)
        found = [self._policy.find(question, region) for region in named]
        told = [
            self._policy.say(one.best, turn.now, one.confidence)
            for one in found
            if one.best is not None and one.verdict == "answer"
        ]
        if len(told) < len(named):
            return None
        shorts = [self._library.pack(region).short for region in named]
        first, *others = [
            replace(reply, text=f"{short}：{reply.text}") for short, reply in zip(shorts, told, strict=True)
        ]
        both = reduce(Reply.followed_by, others, first)
        return replace(both, intent="answer" if any(one.intent == "answer" for one in told) else both.intent)

    def _is_one(self, turn: Turn, pieces: list[str], meanings: list[str | None]) -> bool:
        """Whether the pieces only make sense together: one sum, one story, or 装修补贴怎么领？有什么条件？"""
        wanted = self._skill_wanted(turn)
        if wanted is not None and (tasks.is_told(wanted, turn) or self._is_one_visit(wanted, turn, meanings)):
            return True
        if wanted is scope.unlisted and not self._library.categories.mentions(pieces[0]):
            return False  # 最多补多少 手机补不补: the first is not about what the second names
        if wanted is drops.validity_skill and drops.got_and_used(turn) != (None, None):
            return True
        whole = self._meaning(turn, False)
        if whole == "quote":
            return True
        return whole is not None and whole not in meanings and min(map(len, pieces)) <= follow_ups.OWN_WORDS

    def _is_one_visit(self, wanted: Skill, turn: Turn, meanings: list[str | None]) -> bool:
        """师傅明天别来了，改后天吧; 旧床垫要处理，什么时候能来: one visit, said in two breaths."""
        if wanted.name == "reschedule":
            return set(meanings) <= _OF_A_VISIT
        pack = turn.pack
        answers = [pack.answer(name) for name in meanings if name is not None and pack is not None]
        about_pickup = [one for one in answers if one is not None and "pickup" in one.topic]
        return wanted.name == "book_pickup" and len(about_pickup) == len(meanings) - 1

    def _meaning(self, turn: Turn, sure: bool) -> str | None:
        """What a piece of a message is about, None where it says nothing by itself."""
        wanted = self._skill_wanted(turn)
        if wanted is not None:
            return wanted.name if wanted.name != "smalltalk" else None
        if turn.region is None or (sure and not understanding.asks(turn.text)):
            return None
        found = self._policy.find(turn.text, turn.region)
        enough = SURE_ENOUGH_FOR_TALK if len(turn.text) <= MOST_OF_A_GREETING else SURE_ENOUGH_HALFWAY
        certain = found.confidence >= enough if sure else found.verdict == "answer"
        return found.best.id if found.best is not None and certain else None

    def _is_task(self, turn: Turn) -> bool:
        wanted = self._skill_wanted(turn)
        return wanted is not None and wanted.name in _BY_NAME

    async def _say_one(self, turn: Turn) -> Reply:
        wanted = self._skill_wanted(turn)
        foreign = self._library.foreign_place_in(turn.text) if self._region_named(turn) is None else None
        if (
            foreign is not None
            and stories.is_the_place_asked_about(turn.text, foreign)
            and (wanted is None or wanted.name != "smalltalk")
        ):
            return self._policy.decline_elsewhere(foreign)
        if wanted is not None:
            if wanted.name != "smalltalk":
                turn.memory.question = None if wanted.name in _BY_NAME else turn.text
                turn.memory.topic = None
            return await tasks.start(wanted, turn)
        places = self._each_place(turn)
        if places is not None:
            return places
        each = self._each_thing(turn)
        if each:
            said = [(word, self._from_documents(one)) for word, one in each]
            first, *others = [replace(reply, text=f"{word}：{reply.text}") for word, reply in said]
            both = reduce(Reply.followed_by, others, first)
            return replace(
                both, intent="answer" if any(one.intent == "answer" for _, one in said) else both.intent
            )
        reply = self._from_documents(turn)
        if reply.intent == "answer" and turn.memory.topic in _TOLD_LIVE:
            return await drops.with_what_is_open(turn, reply)
        return reply

    def _region_named(self, turn: Turn) -> str | None:
        return self._library.region_named_in(turn.text)

    def _skill_wanted(self, turn: Turn) -> Skill | None:
        """What the message asks to be done; small talk only where no document clearly answers it."""
        wanted = next((skill for skill in SKILLS if skill.wanted(turn)), None)
        if wanted is not smalltalk.skill or len(turn.text) <= MOST_OF_A_GREETING:
            return wanted
        found = self._policy.find(turn.text, turn.region)
        return None if found.confidence >= SURE_ENOUGH_FOR_TALK else wanted

    def _from_documents(self, turn: Turn) -> Reply:
        """The answer that fits, a question back, a choice, or an honest no."""
        memory = turn.memory
        if turn.region is None:
            return self._without_place(turn)
        followed = follow_ups.follow_up(turn)
        if followed is not None:
            return followed
        found = self._find(turn)
        if found.verdict != "answer" and self._is_idle_talk(turn.text):
            return smalltalk.reply(turn.text)
        if found.best is None or found.verdict == "none":
            return self._policy.decline(turn.region, found)
        if found.verdict == "suggest" or found.best.unset:
            memory.unanswered = turn.raw
        if found.verdict == "suggest" and not found.heard and not self._is_about_ours(turn.text):
            return self._policy.decline(turn.region, found)
        if found.verdict == "suggest":
            return self._policy.suggest(found, turn.now)
        memory.question, memory.topic = turn.text, found.best.topic
        return self._with_offer(turn, self._policy.say(found.best, turn.now, found.confidence))

    def _find(self, turn: Turn) -> Found:
        """The answer that fits; where none does, once more without 我妹在重庆，那边, then piece by piece."""
        found = self._policy.find(turn.text, turn.region)
        core = stories.without_teller(self._library.without_places(turn.text))
        if found.verdict == "answer":
            return found
        again = self._policy.find(core, turn.region) if core != turn.text else found
        if again.verdict == "answer":
            return again
        return self._gist(turn) or found

    def _gist(self, turn: Turn) -> Found | None:
        """What a long story comes down to: the piece of it that is clearly a question to the documents."""
        if len(turn.text) < stories.SHORTEST or not self._is_about_ours(turn.text):
            return None
        pieces = [piece for piece in stories.breaths(turn.text) if len(piece) > MOST_OF_A_GREETING]
        found = [
            self._policy.find(piece, turn.region)
            for piece in pieces[-MOST_PIECES:]
            if piece != turn.text and understanding.asks(piece)
        ]
        clear = [one for one in found if one.best and one.confidence >= SURE_ENOUGH_HALFWAY]
        return max(clear, key=lambda one: one.confidence, default=None)

    def _is_about_ours(self, text: str) -> bool:
        """Whether a word of the trade or a thing is named."""
        return _OF_OURS.search(text) is not None or bool(self._library.categories.mentions(text))

    def _without_place(self, turn: Turn) -> Reply:
        """Asks for the place where it matters; what no document answers is declined at once."""
        found = self._policy.find(turn.text, None)
        if found.verdict != "answer" and self._is_idle_talk(turn.text):
            return smalltalk.reply(turn.text)
        turn.memory.pending = turn.raw
        if found.verdict == "none" or not self._policy.is_told_anywhere(turn.text):
            return self._policy.decline(None, found)
        return self._policy.ask_place()

    def _is_idle_talk(self, text: str) -> bool:
        return smalltalk.nothing_to_do_with_us(text) and not self._library.categories.mentions(text)

    def _with_offer(self, turn: Turn, reply: Reply) -> Reply:
        """Whether somebody can come and fetch is answered; the booking is offered, not begun."""
        offers = any(action.kind == "pickup" for action in reply.actions)
        if reply.intent != "answer" or not (offers or "上门" in turn.text):
            return reply
        turn.memory.offered = "book_pickup"
        if offers:
            return reply
        return replace(reply, actions=(*reply.actions, Action("pickup", "预约上门回收")))

    # --- the place

    def _is_only_a_place(self, text: str) -> bool:
        return _JUST_A_PLACE.match(self._library.without_places(text)) is not None

    async def _place_told(self, turn: Turn) -> Reply:
        """A bare 杨凌: the answer to our question, the same question for another place, or just noted."""
        memory = turn.memory
        pending, memory.pending = memory.pending, None
        if pending is not None:
            return await self._say(turn.saying(plain(pending)))
        pack = turn.pack
        if pack is not None and memory.topic is not None:
            said = self._policy.on_topic(memory.topic, pack.region, turn.now)
            if said is not None:
                return said
        if memory.question is not None and follow_ups.FOLLOWS.search(turn.text):
            return await self._say(turn.saying(self._library.without_places(memory.question)))
        name = pack.short if pack else ""
        return Reply(
            f"好的，按{name}的政策来。您想问什么？比如补多少、券几点发、怎么领。",
            "clarify",
            suggestions=("补贴多少钱", "券几点发", "怎么领券"),
        )


__all__ = ["Action", "Dialogue", "Memory", "Reply"]
