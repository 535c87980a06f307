import pytest

from faq.fields import Fields, PackError


@pytest.fixture
def fields(tmp_path):
    def written(text: str) -> Fields:
        file = tmp_path / "some.toml"
        file.write_text(text, encoding="utf-8")
        return Fields.of(file)

    return written


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(PackError, match=r"none\.toml: there is no such file"):
        Fields.of(tmp_path / "none.toml")


def test_a_field_inside_a_table_is_named_with_its_place(fields):
    (table,) = fields("[[answer]]\nid = 3").tables("answer")

    with pytest.raises(PackError, match=r"some\.toml: answer\[1\]\.id: must be a text"):
        table.text("id")


def test_an_empty_text_is_refused(fields):
    with pytest.raises(PackError, match="id: is empty"):
        fields('id = " "').text("id")


def test_a_list_holds_one_kind_of_thing(fields):
    with pytest.raises(PackError, match="asks: must be a list of texts"):
        fields('asks = ["x", 1]').texts("asks")


def test_a_field_nobody_reads_is_refused(fields):
    read = fields('id = "x"\ncolour = "y"')
    read.text("id")

    with pytest.raises(PackError, match="colour: is not a known field"):
        read.done()


def test_a_default_stands_in_for_what_is_absent(fields):
    read = fields("")

    assert read.text("id", "none") == "none"
    assert read.texts("asks", ()) == ()
    assert read.yes("unset") is False
    assert read.day_or_none("until") is None
