from benchmarks import bench_curate


def test_peak_memory_is_the_childs_alone(monkeypatch):
    ballast = bytes(range(256)) * 1_000_000
    monkeypatch.setattr(bench_curate, "SIZES", (50,))
    monkeypatch.setattr(
        bench_curate, "contents_names", lambda: [f"report_{n}_of_{n * n}.pdf" for n in range(50)]
    )
    monkeypatch.setattr(bench_curate, "window_recall", lambda names: 0.0)
    (figures,) = bench_curate.dedupe_figures()
    assert figures["names"] == 50
    assert 0 < figures["peak_mb"] < len(ballast) / 1e6
