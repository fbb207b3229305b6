"""Tells integrators what happened, and asks them before a message is taken in.

Owns webhooks, the reader that turns stored entries into events, their outbox and its dispatch, and the check before the
fact. Does not know who may manage webhooks, nor how HTTP is spoken. Invariant: an event is sent only after its entry is
stored, and the reader's position moves only together with the events of the records before it, so that a crash at any
point loses none; in a conversation events go one after the other, in order.
"""
