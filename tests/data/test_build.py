"""What is built of a source: shapes, splits, statistics and the audit."""

from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest
from PIL import Image

from autocnn.data import build, decoding
from autocnn.data.cache import open_search_images, open_test_images
from autocnn.errors import DataError

SPLIT = {"train/a": 4, "train/b": 4, "test/a": 2, "test/b": 2}


def save_gray(path, width, height):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((width, height), 90).save(path)


def test_small_square_images_keep_their_size(make_folder, prepared):
    info = prepared(make_folder(SPLIT)).info
    assert (info.height, info.width, info.channels) == (12, 12, 3)


def test_mixed_images_get_the_median_of_their_shorter_sides(tmp_path, prepared):
    for name in "ab":
        for number, side in enumerate((20, 29, 200)):
            save_gray(tmp_path / "set" / name / f"{number}.png", side + 5, side)
    result = prepared(tmp_path / "set")
    assert (result.info.height, result.info.width, result.info.channels) == (32, 32, 1)
    assert result.audit.sizes == "25x20 to 205x200, median 34x29"


def test_large_images_are_64_wide_unless_asked(tmp_path, prepared):
    for name in "ab":
        for number in range(3):
            save_gray(tmp_path / "set" / name / f"{number}.png", 100, 90)
    assert prepared(tmp_path / "set").info.height == 64
    assert prepared(tmp_path / "set", image_size=80).info.height == 80


def test_one_image_in_color_makes_all_color_unless_asked(
    make_folder, prepared, save_noise
):
    folder = make_folder({"a": 3, "b": 3}, mode="L")
    assert prepared(folder).info.channels == 1
    save_noise(folder / "a" / "color.png", 99)
    assert prepared(folder).info.channels == 3
    assert prepared(folder, channels=1).info.channels == 1


def test_a_sample_that_misleads_is_put_right(tmp_path, prepared, monkeypatch):
    monkeypatch.setattr(decoding, "SAMPLE", 1)
    for name in "ab":
        for number, side in enumerate((10, 40, 40, 40)):
            save_gray(tmp_path / "set" / name / f"{number}.png", side, side)
    assert prepared(tmp_path / "set").info.height == 40


def test_a_test_set_is_cut_off_where_there_is_none(prepared):
    result = prepared("digits")
    assert not result.info.given_test
    assert result.info.search_images + result.info.test_images == 1797
    assert result.info.test_images == pytest.approx(0.15 * 1797, abs=5)
    search, _ = open_search_images(result.folder)
    test = open_test_images(result.folder)
    assert len(search) == result.info.search_images
    assert not {i.tobytes() for i in search.pixels} & {i.tobytes() for i in test.pixels}


def test_given_splits_are_used_and_validation_images_come_last(make_folder, prepared):
    result = prepared(make_folder({**SPLIT, "val/a": 1, "val/b": 2}))
    search, groups = open_search_images(result.folder)
    assert result.info.given_test
    assert result.info.given_val == 3
    assert search.labels.tolist() == [0] * 4 + [1] * 4 + [0, 1, 1]
    assert groups.tolist() == list(range(11))
    assert result.audit.counts == {
        "search": {"a": 5, "b": 6},
        "val": {"a": 1, "b": 2},
        "test": {"a": 2, "b": 2},
    }


def test_a_test_set_is_not_cut_off_the_given_validation_images(make_folder, prepared):
    folder = make_folder({"train/a": 5, "train/b": 5, "val/a": 2, "val/b": 2})
    info = prepared(folder).info
    assert (info.given_val, info.test_images, info.search_images) == (4, 2, 12)


def test_the_statistics_are_those_of_the_search_images(make_folder, prepared):
    result = prepared(make_folder(SPLIT))
    pixels = open_search_images(result.folder)[0].pixels / 255
    assert result.info.mean == pytest.approx(pixels.mean(axis=(0, 1, 2)))
    assert result.info.std == pytest.approx(pixels.std(axis=(0, 1, 2)))


def test_a_channel_that_never_varies_can_still_be_divided_by(tmp_path, prepared):
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), np.uint8)
    images[..., 2] = 7
    np.savez(tmp_path / "a.npz", images=images, labels=[0, 1] * 10)
    assert prepared(tmp_path / "a.npz").info.std[2] == pytest.approx(1 / 255)


def test_twins_share_a_group_and_are_counted(make_folder, prepared):
    folder = make_folder(SPLIT)
    twin = (folder / "train" / "a" / "0.png").read_bytes()
    (folder / "train" / "b" / "twin.png").write_bytes(twin)
    (folder / "test" / "a" / "twin.png").write_bytes(twin)
    result = prepared(folder)
    groups = open_search_images(result.folder)[1]
    assert groups.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 0]
    assert (result.audit.duplicates, result.audit.leaked) == (1, 1)
    assert result.audit.notes == ("1 image found under more than one label.",)


def test_a_validation_image_among_the_training_images_is_a_leak(make_folder, prepared):
    folder = make_folder({**SPLIT, "val/a": 1, "val/b": 1})
    twin = (folder / "train" / "a" / "0.png").read_bytes()
    (folder / "val" / "a" / "twin.png").write_bytes(twin)
    assert prepared(folder).audit.leaked == 1


def test_a_few_unreadable_files_are_left_out_and_listed(make_folder, prepared):
    folder = make_folder({"a": 30, "b": 30})
    (folder / "a" / "zero.png").write_bytes(b"")
    (folder / "b" / "text.jpg").write_text("hello")
    audit = prepared(folder).audit
    assert audit.unreadable_count == 2
    assert audit.unreadable[0].endswith(
        "zero.png: it is not an image of a known format"
    )
    assert (
        sum(audit.counts["search"].values()) + sum(audit.counts["test"].values()) == 60
    )


def test_many_unreadable_files_are_refused(make_folder, prepared):
    folder = make_folder({"a": 10, "b": 10})
    for number in range(2):
        (folder / "a" / f"broken{number}.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"2 of 22 files .* cannot be read: .*broken0"):
        prepared(folder)


def test_oddities_are_noted(make_folder, prepared):
    folder = make_folder({"a": 3, "b": 3})
    Image.new("RGBA", (12, 12), (9, 9, 9, 9)).save(folder / "a" / "alpha.png")
    notes = prepared(folder).audit.notes
    assert notes == ("1 image held transparent pixels; laid on white.",)


@pytest.mark.parametrize(
    ("counts", "problem"),
    [
        ({"a": 5, "b": 2}, "fewer than 3 different images of 'b'"),
        ({"train/a": 5, "train/b": 2, "test/a": 1, "test/b": 1}, "of 'b'"),
    ],
)
def test_classes_too_small_to_split_are_named(make_folder, prepared, counts, problem):
    with pytest.raises(DataError, match=problem):
        prepared(make_folder(counts))


def test_copies_do_not_make_a_class_larger(make_folder, prepared):
    folder = make_folder({"a": 5, "b": 1})
    for number in range(5):
        content = (folder / "b" / "0.png").read_bytes()
        (folder / "b" / f"copy{number}.png").write_bytes(content)
    with pytest.raises(DataError, match="fewer than 3 different images of 'b'"):
        prepared(folder)


def test_an_array_of_one_class_is_refused(tmp_path, prepared):
    np.savez(tmp_path / "a.npz", images=np.zeros((9, 8, 8)), labels=np.zeros(9))
    with pytest.raises(DataError, match="only 1 class"):
        prepared(tmp_path / "a.npz")


def test_processes_decode_what_one_process_does(make_folder, prepared, monkeypatch):
    folder = make_folder(SPLIT)
    (folder / "train" / "a" / "big.png").write_bytes(b"")
    monkeypatch.setattr(build, "MOST_UNREADABLE", 0.5)
    alone = prepared(folder)
    monkeypatch.setattr(decoding, "FILES_FOR_A_POOL", 0)
    monkeypatch.setattr(decoding, "CHUNK", 3)
    monkeypatch.setattr(build, "cores", lambda: 2)
    seen = []
    together = prepared(
        folder, image_size=12, progress=lambda what, done, total: seen.append(done)
    )
    assert together.info.fingerprint == alone.info.fingerprint
    assert together.audit == alone.audit
    assert seen == [3, 6, 9, 12, 13]


def test_dead_processes_are_replaced_by_this_one(make_folder, prepared, monkeypatch):
    real = build.mapper

    def dying(files, cores):
        if cores > 1:
            raise BrokenProcessPool
        return real(files, cores)

    monkeypatch.setattr(build, "mapper", dying)
    monkeypatch.setattr(build, "cores", lambda: 2)
    assert prepared(make_folder(SPLIT)).info.search_images == 8
