from lstmjax.course.syntax import blocks, parsed_share

SOURCE = """ut here = 1

def good():
    return 1

    # still good


@wraps(f)
def bad(:
    pass

value = "also good"

class Cut"""


def test_blocks_are_top_level_and_whole():
    found = blocks(SOURCE)
    first_lines = [block.splitlines()[0] for block in found]
    assert first_lines == ["def good():", "@wraps(f)", 'value = "also good"']
    assert "still good" in found[0]


def test_share_counts_what_the_parser_takes():
    assert parsed_share([SOURCE]) == (2 / 3, 3)
    assert parsed_share([SOURCE, "no blocks"]) == (2 / 3, 3)
    assert parsed_share([""]) == (0, 0)
