from lstmjax.tasks.tagging.conll import Sentence
from lstmjax.tasks.tagging.floors import guesses


def test_guesses_of_one_word():
    train = [
        Sentence((), tuple("abbbab"), tuple("XYXXYX")),
        Sentence((), ("bended", "mended", "tended"), "ZYZ"),
    ]
    of = guesses(train)
    assert of["most frequent tag"]("a") == "X"
    by_word, by_ending = of["most frequent tag of the word"], of["tag of the word, or its ending"]
    assert by_word("b") == "X" and by_word("a") in "XY" and by_word("ended") == "X"
    assert by_ending("ended") == "Z" and by_ending("mended") == "Y"
    assert by_ending("b") == "X" and by_ending("q") == "X"
