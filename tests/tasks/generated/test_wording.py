import pytest

from lstmjax.tasks.generated.wording import LANGUAGES, pieces, say

# written by hand: English of the United States, German, French of France before 1990
NUMBERS = """
0 | zero | null | zéro
1 | one | eins | un
11 | eleven | elf | onze
16 | sixteen | sechzehn | seize
17 | seventeen | siebzehn | dix-sept
20 | twenty | zwanzig | vingt
21 | twenty-one | einundzwanzig | vingt et un
30 | thirty | dreißig | trente
66 | sixty-six | sechsundsechzig | soixante-six
70 | seventy | siebzig | soixante-dix
71 | seventy-one | einundsiebzig | soixante et onze
77 | seventy-seven | siebenundsiebzig | soixante-dix-sept
80 | eighty | achtzig | quatre-vingts
81 | eighty-one | einundachtzig | quatre-vingt-un
91 | ninety-one | einundneunzig | quatre-vingt-onze
99 | ninety-nine | neunundneunzig | quatre-vingt-dix-neuf
100 | one hundred | einhundert | cent
101 | one hundred one | einhunderteins | cent un
112 | one hundred twelve | einhundertzwölf | cent douze
180 | one hundred eighty | einhundertachtzig | cent quatre-vingts
200 | two hundred | zweihundert | deux cents
203 | two hundred three | zweihundertdrei | deux cent trois
1000 | one thousand | eintausend | mille
1001 | one thousand one | eintausendeins | mille un
2016 | two thousand sixteen | zweitausendsechzehn | deux mille seize
2200 | two thousand two hundred | zweitausendzweihundert | deux mille deux cents
21000 | twenty-one thousand | einundzwanzigtausend | vingt et un mille
80000 | eighty thousand | achtzigtausend | quatre-vingt mille
101101 | one hundred one thousand one hundred one | einhunderteintausendeinhunderteins | \
cent un mille cent un
200000 | two hundred thousand | zweihunderttausend | deux cent mille
380400 | three hundred eighty thousand four hundred | dreihundertachtzigtausendvierhundert | \
trois cent quatre-vingt mille quatre cents
999999 | nine hundred ninety-nine thousand nine hundred ninety-nine | \
neunhundertneunundneunzigtausendneunhundertneunundneunzig | \
neuf cent quatre-vingt-dix-neuf mille neuf cent quatre-vingt-dix-neuf
"""
DATES = """
1 5 1987 | May first, nineteen eighty-seven | der erste Mai neunzehnhundertsiebenundachtzig | \
le premier mai mille neuf cent quatre-vingt-sept
3 1 1980 | January third, nineteen eighty | der dritte Januar neunzehnhundertachtzig | \
le trois janvier mille neuf cent quatre-vingt
7 8 1900 | August seventh, nineteen hundred | der siebte August neunzehnhundert | \
le sept août mille neuf cent
8 12 1905 | December eighth, nineteen oh five | der achte Dezember neunzehnhundertfünf | \
le huit décembre mille neuf cent cinq
12 3 1101 | March twelfth, eleven oh one | der zwölfte März elfhunderteins | \
le douze mars mille cent un
20 2 2000 | February twentieth, two thousand | der zwanzigste Februar zweitausend | \
le vingt février deux mille
21 10 2009 | October twenty-first, two thousand nine | \
der einundzwanzigste Oktober zweitausendneun | le vingt et un octobre deux mille neuf
29 4 1216 | April twenty-ninth, twelve sixteen | \
der neunundzwanzigste April zwölfhundertsechzehn | le vingt-neuf avril mille deux cent seize
31 7 2076 | July thirty-first, twenty seventy-six | \
der einunddreißigste Juli zweitausendsechsundsiebzig | \
le trente et un juillet deux mille soixante-seize
"""
LINES = (NUMBERS + DATES).strip().split("\n")


@pytest.mark.parametrize("line", [line for line in LINES if line], ids=lambda line: line[:8])
def test_words_are_those_that_a_person_wrote(line):
    content, *texts = line.split(" | ")
    content = tuple(map(int, content.split()))
    assert [say(content, language) for language in LANGUAGES] == texts
    assert ["".join(pieces(text)) for text in texts] == texts


def test_compounds_are_cut_where_their_parts_meet():
    cut = "der| ein|und|zwanzig|ste| März| sechzehn|hundert|sechs|und|sechzig"
    assert pieces(cut.replace("|", "")) == tuple(cut.split("|"))
    cut = "June| twenty|-first|,| ten| thousand| quatre|-vingt|-dix| et| un"
    assert pieces(cut.replace("|", "")) == tuple(cut.split("|"))


def test_all_numbers_have_names_of_their_own():
    for language in LANGUAGES:
        names = {say((number,), language) for number in [*range(3000), *range(0, 10**6, 997)]}
        assert len(names) == len({*range(3000), *range(0, 10**6, 997)})
