"""The statements behind the list of a user's conversations."""

_CHANGED = 'CASE WHEN s.left_offset THEN s.left_offset ELSE c."offset" END'

# An entry is looked at only for one who left: for the others the conversation's own row says all that is asked.
OUTLINES = f"""
SELECT c.conversation_id, CASE WHEN m.left_seq THEN m.left_seq ELSE c.seq END,
    CASE WHEN m.left_seq THEN coalesce(e.countable, 0) ELSE c.countable END,
    CASE WHEN m.left_seq THEN coalesce(e.time_ms, 0) ELSE c.time_ms END, {_CHANGED} AS changed, c.name,
    m.conversation_id, m.user_id, m.role, m.joined_seq, m.left_seq, m.read_seq, m.read_countable, m.delivered_seq,
    m.first_seq, m.muted_until_ms, m.nickname, m.flags
FROM membership AS s
JOIN conversation AS c ON c.conversation_id = s.conversation_id
JOIN member AS m ON m.conversation_id = s.conversation_id AND m.user_id = s.user_id
LEFT JOIN entry AS e ON m.left_seq > 0 AND e.conversation_id = m.conversation_id AND e.seq = m.left_seq
WHERE s.user_id = ? ORDER BY changed DESC LIMIT ?"""  # noqa: S608 - a constant

AT = """
SELECT e.conversation_id, e.seq, e.encoded FROM json_each(?) AS asked
JOIN entry AS e ON e.conversation_id = asked.value ->> 0 AND e.seq = asked.value ->> 1"""

CALLING = """
SELECT e.encoded FROM json_each(?1) AS asked
JOIN entry AS e ON e.conversation_id = asked.value ->> 0 AND e.seq BETWEEN asked.value ->> 1 AND asked.value ->> 2
WHERE e.kind > 0 AND instr(e.encoded, ?2) LIMIT ?3"""
