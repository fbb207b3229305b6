"""A client in a process of its own, to be killed: says each line of a file that it has not said yet, and tells what it hears.

python talking_process.py URL USER PASSWORD DEVICE STORE CONVERSATION LINES
One JSON object a line on standard output: {"said": text, "seq": n} for a receipt, {"heard": text, "seq": n} for an entry.
"""

import asyncio
import json
import sys
from pathlib import Path

from hongyan.model.commands import SendMessage
from hongyan_client import Client, EntryAdded, Login, SqliteStore, text_of


def tell(**facts: str | int) -> None:
    """One line."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


async def hear(client: Client) -> None:
    """Tells every entry that comes."""
    async for event in client.events():
        if isinstance(event, EntryAdded):
            tell(heard=text_of(event.entry), seq=event.entry.seq)


async def talk(client: Client, conversation_id: str, lines: list[str]) -> None:
    """Says what is in the file and neither in the copy nor in the outbox; then waits for what was left there."""
    await client.synced()
    known = {text_of(entry) for entry in await client.entries(conversation_id, limit=10_000)}
    waiting = [item.submit.command for item in client.pending(conversation_id)]
    tell(known=len(known), waiting=len(waiting))
    async with asyncio.TaskGroup() as group:
        group.create_task(hear(client))
        for text in lines:
            if text not in known and not any(
                text.encode() in command.content for command in waiting if isinstance(command, SendMessage)
            ):
                group.create_task(say(client, conversation_id, text))
            await asyncio.sleep(0.02)


async def say(client: Client, conversation_id: str, text: str) -> None:
    """One message and its receipt."""
    sent = await client.send(conversation_id, text)
    tell(said=text, seq=sent.seq)


async def main(url: str, login: Login, store: str, conversation_id: str, lines: list[str]) -> None:
    """Until it is killed."""
    async with Client(url, login, store=SqliteStore(store)) as client:
        await talk(client, conversation_id, lines)


if __name__ == "__main__":
    _, address, user, secret, device, file, where, said = sys.argv
    asyncio.run(main(address, Login(user, secret, device), file, where, json.loads(Path(said).read_text())))
