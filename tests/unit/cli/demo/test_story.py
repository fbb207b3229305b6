"""The story is a believable one, and can be played."""

import re

import pytest

from hongyan.cli.demo.story import Story, load_story, parse_story
from hongyan.model.ids import UserId, parse_client_msg_id, parse_user_id

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def story() -> Story:
    return load_story()


def members(story: Story, conversation_id: str) -> set[str]:
    """Who may speak somewhere."""
    kind, _, rest = conversation_id.partition(":")
    if kind == "s":
        return set(rest.split(":"))
    group = next(group for group in story.groups if group.group_id == rest)
    return {group.owner, *group.members}


def test_everybody_who_speaks_is_there_and_everybody_speaks(story: Story) -> None:
    spoken = set()
    for scene in story.scenes:
        speakers = {step.who for step in scene.steps}
        assert speakers <= members(story, scene.conversation_id), scene
        spoken |= speakers
    assert spoken == set(story.people)
    assert all(parse_user_id(user_id) for user_id in story.people)


def test_whoever_is_called_is_there(story: Story) -> None:
    for scene in story.scenes:
        for step in scene.steps:
            assert set(step.called) <= members(story, scene.conversation_id), step


def test_a_step_about_a_line_comes_after_that_line_and_fits_it(story: Story) -> None:
    for scene in story.scenes:
        for number, step in enumerate(scene.steps, 1):
            if step.act == "say":
                assert step.words
                continue
            target = scene.steps[step.target - 1]
            assert step.target < number
            assert target.act in ("say", "answer"), step
            if step.act in ("take back", "edit"):
                assert target.who == step.who, step


def test_the_hours_go_on(story: Story) -> None:
    hours = [scene.hour for scene in story.scenes]
    assert hours == sorted(set(hours))


def test_it_is_told_in_both_languages_and_with_everything_that_can_be_done(story: Story) -> None:
    words = [step.words for scene in story.scenes for step in scene.steps if step.act == "say"]
    chinese = sum(1 for text in words if CHINESE.search(text))
    assert len(words) >= 100
    assert 0.3 < chinese / len(words) < 0.7
    acts = {step.act for scene in story.scenes for step in scene.steps}
    assert acts == {"say", "answer", "take back", "edit", "react", "pin"}


def test_each_line_has_an_id_of_its_own_that_a_server_takes(story: Story) -> None:
    keys = [step.key for scene in story.scenes for step in scene.steps]
    assert len(set(keys)) == len(keys) == story.lines
    assert all(parse_client_msg_id(key) for key in keys)


def test_lines_are_read_with_their_signs() -> None:
    head = '[people]\na = "A"\nb = "B"\n[groups]\n[[scenes]]\nhour = "10:00"\nbetween = ["b", "a"]\n'
    (scene,) = parse_story(head + 'lines = """\na: 你好: hi\nb >1: yes @a\na !1\nb +2 👍\n"""').scenes
    assert scene.conversation_id == "s:a:b"
    found = [(step.who, step.act, step.target, step.words) for step in scene.steps]
    assert found == [
        (UserId("a"), "say", 0, "你好: hi"),
        (UserId("b"), "answer", 1, "yes @a"),
        (UserId("a"), "take back", 1, ""),
        (UserId("b"), "react", 2, "👍"),
    ]
    assert scene.steps[1].called == ("a",)
    with pytest.raises(ValueError, match="line 1"):
        parse_story(head + 'lines = """\n: nobody says this\n"""')
