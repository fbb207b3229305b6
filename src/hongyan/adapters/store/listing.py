"""The statements behind the list of a user's conversations."""

# For one who left, the conversation is as it was then: neither an entry nor the fact that there is one reaches him.
_CHANGED = 'CASE WHEN s.left_offset THEN s.left_offset ELSE c."offset" END'
_NAME = "CASE WHEN m.left_seq THEN m.left_name ELSE c.name END"
_SEQ = "CASE WHEN m.left_seq THEN m.left_seq ELSE c.seq END"
_MINE = """membership AS s
    JOIN conversation AS c ON c.conversation_id = s.conversation_id
    JOIN member AS m ON m.conversation_id = s.conversation_id AND m.user_id = s.user_id"""
_COLUMNS = (
    *("conversation_id", "user_id", "role", "joined_seq", "left_seq", "read_seq", "read_countable", "delivered_seq"),
    *("first_seq", "muted_until_ms", "nickname", "flags", "left_name"),
)
MEMBER = ", ".join(_COLUMNS)
"""The columns of a member's row."""

# Previews are fetched for the page alone: inside, they would be sorted with all of a user's conversations.
HEADS = f"""
SELECT h.conversation_id, h.seq, CASE WHEN h.left_seq THEN coalesce(e.countable, 0) ELSE h.countable END,
    CASE WHEN h.left_seq THEN coalesce(e.time_ms, 0) ELSE h.time_ms END, h.changed, h.name, h.{", h.".join(_COLUMNS)}, e.encoded
FROM (
    SELECT {_SEQ} AS seq, c.countable, c.time_ms, {_CHANGED} AS changed, {_NAME} AS name, m.*
    FROM {_MINE} WHERE s.user_id = ? AND {_CHANGED} > ? ORDER BY {_CHANGED} LIMIT ?
) AS h
LEFT JOIN entry AS e ON e.conversation_id = h.conversation_id AND e.seq = h.seq
ORDER BY h.changed"""  # noqa: S608 - constants

# An entry is looked at only for one who left: for the others the conversation's own row says all that is asked.
OUTLINES = f"""
SELECT c.conversation_id, {_SEQ},
    CASE WHEN m.left_seq THEN coalesce(e.countable, 0) ELSE c.countable END,
    CASE WHEN m.left_seq THEN coalesce(e.time_ms, 0) ELSE c.time_ms END, {_CHANGED} AS changed, {_NAME}, m.{", m.".join(_COLUMNS)}
FROM {_MINE}
LEFT JOIN entry AS e ON m.left_seq > 0 AND e.conversation_id = m.conversation_id AND e.seq = m.left_seq
WHERE s.user_id = ? ORDER BY changed DESC LIMIT ?"""  # noqa: S608 - constants

AT = """
SELECT e.conversation_id, e.seq, e.encoded FROM json_each(?) AS asked
JOIN entry AS e ON e.conversation_id = asked.value ->> 0 AND e.seq = asked.value ->> 1"""

CALLING = """
SELECT e.encoded FROM json_each(?1) AS asked
JOIN entry AS e ON e.conversation_id = asked.value ->> 0 AND e.seq BETWEEN asked.value ->> 1 AND asked.value ->> 2
WHERE e.kind > 0 AND instr(e.encoded, ?2) LIMIT ?3"""
