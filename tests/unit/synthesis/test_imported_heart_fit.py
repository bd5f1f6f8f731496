import numpy as np
import pytest

from model.geometry import VolumeGrid
from synthesis.errors import PhantomInvalid
from synthesis.phantoms.heart import Frame
from synthesis.phantoms.imported.heart_fit import fit_heart
from synthesis.phantoms.shapes import Floats, Lattice, ellipsoid
from tests.support.phantoms import labelled_thorax


def wall_labels(seed: int, voxel_mm: float) -> tuple[Floats, VolumeGrid, Frame, float]:
    thorax = labelled_thorax(seed, voxel_mm=voxel_mm)
    wall = (thorax.codes == 10 + thorax.phantom.index("myocardium")).astype(np.float32)
    ventricle = thorax.anatomy.ventricle
    return wall, thorax.grid, Frame.of(ventricle), ventricle.length


@pytest.mark.parametrize(("seed", "voxel_mm"), [(0, 3.2), (1, 4.4), (2, 6.0)])
def test_a_fitted_heart_lies_where_the_labelled_wall_was_drawn(seed: int, voxel_mm: float) -> None:
    wall, grid, frame, length = wall_labels(seed, voxel_mm)
    heart = fit_heart(wall, grid)
    assert np.degrees(np.arccos(heart.frame.axis @ frame.axis)) < 3
    assert np.linalg.norm(heart.frame.base - frame.base) < 0.4 * voxel_mm + 1
    assert np.linalg.norm(heart.frame.point(heart.length) - frame.point(length)) < 0.4 * voxel_mm + 1
    assert heart.frame.anterior @ frame.anterior > 0.99
    ventricle = labelled_thorax(seed, voxel_mm=voxel_mm).anatomy.ventricle
    assert heart.outer_radius == pytest.approx(ventricle.outer_radius, abs=1.0)
    assert heart.wall == pytest.approx(ventricle.wall, abs=1.0)
    assert heart.apical_wall == pytest.approx(ventricle.apical_wall, abs=2.5)


def test_the_segments_of_a_fitted_wall_are_those_it_was_drawn_with() -> None:
    thorax = labelled_thorax(4, voxel_mm=4.0)
    wall = thorax.phantom.share_of("myocardium")
    segments = fit_heart(wall, thorax.grid).segments(wall, thorax.grid)
    both = (segments > 0) & (thorax.phantom.segments > 0) & (wall > 0.5)
    assert set(np.unique(segments[both])) == set(range(1, 18))
    assert (segments == thorax.phantom.segments)[both].mean() > 0.9
    assert not segments[wall == 0].any()


def test_a_heart_that_points_the_other_way_is_fitted_that_way() -> None:
    wall, grid, frame, _ = wall_labels(0, 4.4)
    mirrored = fit_heart(np.ascontiguousarray(wall[:, :, ::-1]), grid)
    assert mirrored.frame.axis @ (frame.axis * (-1, 1, 1)) > 0.99


def test_labels_that_are_no_left_ventricle_are_refused_and_say_why() -> None:
    grid = VolumeGrid((40, 40, 40), (4.0, 4.0, 4.0))
    p = Lattice.of(grid)

    def ball(radii: tuple[float, float, float]) -> Floats:
        return (ellipsoid(p, (0, 0, 0), radii) < 0).astype(np.float32)

    with pytest.raises(PhantomInvalid, match="not form a ring"):
        fit_heart(ball((30, 30, 45)), grid)
    with pytest.raises(PhantomInvalid, match="a left ventricle has 35 to 140 mm"):
        fit_heart(ball((24, 24, 78)) - ball((16, 16, 70)), grid)
    with pytest.raises(PhantomInvalid, match=r"has 2\d* mL in"):
        fit_heart(ball((8, 8, 8)), grid)
