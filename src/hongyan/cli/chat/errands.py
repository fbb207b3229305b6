"""What a person may do beside a chat: friends, requests, who is there. A word each, and what is told of it."""

from collections.abc import Awaitable, Callable

import msgspec

from hongyan.cli.chat.text import clean_line
from hongyan_client import Client, FriendshipRequest, Group, ProfileChange, SeenProfile

Run = Callable[[Client], Awaitable[str]]
"""Does it, and gives the words to be shown. Raises ClientError, LookupError."""


class Errand(msgspec.Struct, frozen=True):
    """A command ready to be run."""

    run: Run


class ErrandForm(msgspec.Struct, frozen=True):
    """How it is typed, what it does, and its errand made of the rest of the line. `build` raises ValueError."""

    arguments: str
    meaning: str
    build: Callable[[str], Errand]


def _user(rest: str) -> str:
    (user,) = rest.split()
    return user


def _befriend(rest: str) -> Errand:
    user, _, note = rest.partition(" ")
    if not user:
        raise ValueError("no user")

    async def run(client: Client) -> str:
        asked = await client.people.ask_friend(user, note=note.strip(), source="hongyan chat")
        return f"{user} is asked." if asked.state == "pending" else f"You and {user} are friends."

    return Errand(run)


def _accept(rest: str) -> Errand:
    user = _user(rest)

    async def run(client: Client) -> str:
        await client.people.accept_friend((await _request_of(client, user)).request_id)
        return f"You and {user} are friends."

    return Errand(run)


def _refuse(rest: str) -> Errand:
    user = _user(rest)

    async def run(client: Client) -> str:
        await client.people.refuse_friend((await _request_of(client, user)).request_id)
        return f"{user} is not told, and may ask again later."

    return Errand(run)


def _unfriend(rest: str) -> Errand:
    user = _user(rest)

    async def run(client: Client) -> str:
        await client.people.unfriend(user)
        return f"You and {user} are no friends any more; nobody is told."

    return Errand(run)


async def _request_of(client: Client, user: str) -> FriendshipRequest:
    found = next((each for each in await client.people.friend_requests() if each.from_user_id == user), None)
    if found is None:
        raise LookupError(f"{user} has not asked you; /requests shows who has.")
    return found


async def _requests(client: Client) -> str:
    found = await client.people.friend_requests()
    lines = [f"{each.from_user_id}{f': {clean_line(each.note)}' if each.note else ''}" for each in found]
    return "\n".join(lines) + "\n/accept or /refuse them." if lines else "Nobody asks to be your friend."


async def _friends(client: Client) -> str:
    friends = client.friends()
    there = {presence.user_id for presence in await client.watch(friends) if presence.online} if friends else set()
    lines = [f"{friend}{' (here)' if friend in there else ''}" for friend in friends]
    return "\n".join(lines) or "No friends yet: /befriend USER asks one."


def _find(rest: str) -> Errand:
    handle = _user(rest.removeprefix("@"))

    async def run(client: Client) -> str:
        return _shown(await client.people.find(handle))

    return Errand(run)


def _shown(profile: SeenProfile) -> str:
    name = f" ({clean_line(profile.name)})" if profile.name else ""
    return f"{profile.user_id}{name}{', your friend' if profile.friend else ''} {clean_line(profile.bio)}".rstrip()


def _name(rest: str) -> Errand:
    async def run(client: Client) -> str:
        changed = await client.people.change_profile(ProfileChange(name=rest))
        return f"Others see you as {clean_line(changed.name)}." if changed.name else "You have no other name any more."

    return Errand(run)


def _about(rest: str) -> Errand:
    group = _user(rest)

    async def run(client: Client) -> str:
        return _group_words(await client.group(group if group.startswith("g:") else f"g:{group}"))

    return Errand(run)


def _group_words(group: Group) -> str:
    lines = [f"#{clean_line(group.name)}, {group.member_count} members; you are {group.me.role}"]
    if group.announcement:
        lines.append(f"Notice: {clean_line(group.announcement)}")
    if group.pinned_seqs:
        lines.append(f"Pinned: {', '.join(map(str, group.pinned_seqs))}")
    lines += [f"{request.user_id} asks to be let in: /approve or /reject" for request in group.requests]
    lines += [f"Link {link.link_id}: /unlink {link.link_id}" for link in group.links]
    return "\n".join(lines)


ERRANDS: dict[str, ErrandForm] = {
    "befriend": ErrandForm("USER [NOTE]", "ask somebody to be your friend", _befriend),
    "requests": ErrandForm("", "who asks to be your friend", lambda _: Errand(_requests)),
    "accept": ErrandForm("USER", "become friends", _accept),
    "refuse": ErrandForm("USER", "do not become friends", _refuse),
    "unfriend": ErrandForm("USER", "end a friendship", _unfriend),
    "friends": ErrandForm("", "your friends, and who of them is here", lambda _: Errand(_friends)),
    "about": ErrandForm("GROUP", "how a group stands", _about),
    "find": ErrandForm("HANDLE", "who has a handle", _find),
    "name": ErrandForm("NAME", "the name others see of you", _name),
}
