import pytest

from nomenclair.errors import UserError
from nomenclair.kinds import COLUMNS, UNKNOWN, KindTable
from nomenclair.workspace import REPOSITORY

TABLE = KindTable.load(REPOSITORY / "corpus" / "kinds.tsv")


@pytest.mark.parametrize(
    ("name", "kind", "fr"),
    [
        pytest.param("report.pdf", "document", "Document PDF", id="extension"),
        pytest.param(
            "BACKUP.TAR.GZ", "archive", "Archive TAR compressée en gzip", id="compound, in capitals"
        ),
        pytest.param("libssl.so.1.1", "library", "Bibliothèque partagée", id="versioned library"),
        pytest.param("tar.1.gz", "manual", None, id="two suffixes"),
        pytest.param("Dockerfile.alpine", "build", None, id="whole name with a suffix"),
        pytest.param("Dockerfile", "build", None, id="whole name"),
        pytest.param("notes", "other", "Fichier", id="no extension"),
        pytest.param("java", "other", "Fichier", id="a command that is called as an extension"),
        pytest.param("elf_i386.qzv", "other", "Fichier QZV", id="unknown extension: its letters"),
        pytest.param("banana.9W", "other", "Fichier 9W", id="unknown extension with a digit, in capitals"),
        pytest.param("data.zzzz", "other", "Fichier", id="unknown extension, as long as words are"),
        pytest.param("messages.fr", "other", "Fichier", id="a language is no format"),
        pytest.param("core.123", "other", "Fichier", id="a number is no extension"),
    ],
)
def test_kind_of(name, kind, fr):
    found = TABLE.of(name)
    assert found.kind == kind
    assert fr is None or found.fr == fr


@pytest.mark.parametrize(
    ("name", "en", "fr"),
    [
        pytest.param("id_rsa.pub", "RSA public key", "Clé publique RSA", id="a well-known whole name"),
        pytest.param("my_id_rsa.pub", None, None, id="any other name is the model's"),
        pytest.param(
            "epoll_wait.2.gz",
            "Compressed section 2 manual page of epoll_wait",
            "Page de manuel compressée de la section 2 d'epoll_wait",
            id="a manual page, elided",
        ),
        pytest.param(
            "gcloud_dns_list.1.gz",
            "Compressed section 1 manual page of gcloud_dns_list",
            "Page de manuel compressée de la section 1 de gcloud_dns_list",
            id="a command of many words",
        ),
        pytest.param(
            "systemd.service.5.gz",
            "Compressed section 5 manual page of systemd.service",
            "Page de manuel compressée de la section 5 de systemd.service",
            id="a topic with a dot",
        ),
        pytest.param("mail.log.3.gz", None, None, id="an old log"),
        pytest.param("messages.1.gz", None, None, id="an old log by another name"),
        pytest.param("alternatives.tar.2.gz", None, None, id="an old backup"),
        pytest.param("dpkg.status.1.gz", None, None, id="an old list of packages"),
        pytest.param("dmesg.1.gz", None, None, id="a page or an old log"),
        pytest.param(
            "gcloud_compute_network-firewall-policies_create.1.gz",
            "Compressed section 1 manual page of gcloud_compute_network-firewall-policies_create",
            "Page de manuel compressée de la section 1",
            id="too long in French: the kind alone",
        ),
        pytest.param("libfoo-1.2.3.1.gz", None, None, id="a version before the number"),
        pytest.param("notes de frais.1.gz", None, None, id="words, not a command"),
        pytest.param(
            "Net::DNS.3pm.gz",
            "Compressed Perl manual page of Net::DNS",
            "Page de manuel Perl compressée de Net::DNS",
            id="a section with its letters",
        ),
        pytest.param("ls.1", None, None, id="unpacked: as likely anything else"),
        pytest.param("IMG_0042.jpg", "JPEG photo no. 42", "Photo JPEG n° 42", id="a counter alone"),
        pytest.param("IMG_0042", None, None, id="a counter without a kind"),
        pytest.param("IMG_0042.qzv", "QZV file no. 42", "Fichier QZV n° 42", id="a counter and a code"),
        pytest.param("IMG_0042_plage.jpg", None, None, id="a word beside the counter"),
        pytest.param(
            "S01E03.mkv",
            "MKV video of season 1, episode 3",
            "Vidéo MKV de la saison 1, épisode 3",
            id="an episode alone",
        ),
        pytest.param("S1E2.pdf", None, None, id="a sequence and an exercise"),
        pytest.param("Lupin_S01E03.mkv", None, None, id="a word beside the episode"),
    ],
)
def test_what_needs_no_model(name, en, fr):
    assert (TABLE.of(name).told(name, "en"), TABLE.of(name).told(name, "fr")) == (en, fr)


def test_each_row_names_itself():
    """Its own texts carry its marks, so a bare kind always counts as the right kind."""
    rows = TABLE.by_pattern.values()
    assert [row.pattern for row in rows if not (row.named_in(row.en) and row.named_in(row.fr))] == []
    assert [row.pattern for row in rows if row.en[0].islower() or row.fr[0].islower()] == []


def test_the_unknown_kind_names_itself():
    assert UNKNOWN.named_in(UNKNOWN.text("fr")) and UNKNOWN.named_in(UNKNOWN.text("en"))


def test_marks_are_whole_words():
    assert not TABLE.of("a.r").named_in("Filter source")
    assert TABLE.of("a.cpp").named_in("Fichier source C++ du serveur")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        pytest.param(["pattern,kind"], "line 1 is not the header", id="wrong delimiter"),
        pytest.param(["\t".join(COLUMNS), ".x\tscript\tX"], "line 2: not 6 cells", id="missing cells"),
        pytest.param(["\t".join(COLUMNS), ".x\tnew\tX\tX\tm\tx"], "line 2: not 6 cells", id="unknown kind"),
        pytest.param(["\t".join(COLUMNS), *[".x\tscript\tX\tX\tm\tx"] * 2], "line 3: .x stands", id="twice"),
    ],
)
def test_a_bad_table_names_its_line(tmp_path, lines, says):
    path = tmp_path / "kinds.tsv"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(UserError, match=says):
        KindTable.load(path)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.write_text("été", encoding="cp1252"), id="not UTF-8"),
        pytest.param(lambda path: path.mkdir(), id="a folder"),
    ],
)
def test_a_file_that_is_no_table_is_named(tmp_path, spoil):
    path = tmp_path / "kinds.tsv"
    spoil(path)
    with pytest.raises(UserError, match=r"kinds\.tsv cannot be read"):
        KindTable.load(path)
