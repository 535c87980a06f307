from faq.words import WordCutter


def test_keeps_the_terms_of_the_trade_whole(tmp_path):
    cutter = WordCutter(["以旧换新券", "低价高结"], tmp_path)

    assert cutter.cut("低价高结 以旧换新券") == ["低价高结", "以旧换新券"]


def test_puts_its_cache_where_it_is_told(tmp_path):
    WordCutter([], tmp_path)

    assert any(tmp_path.iterdir())


def test_leaves_no_spaces(tmp_path):
    assert " " not in WordCutter([], tmp_path).cut("冰箱 空调")
