"""Kaufman's torus against enumeration and 60-digit values; Onsager's limit."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import logsumexp

from rgrbm import ising, transfer_matrix
from rgrbm.transfer_matrix import torus_log_partition, torus_thermodynamics

CRITICAL = math.asinh(1) / 2
pytestmark = pytest.mark.filterwarnings("error")

# ln Z, energy and specific heat per site: Kaufman's formula as printed and central differences of
# step 1e-18, with 60 digits; the coupling is the double.
SIXTY_DIGITS = {
    (2, 0.1): (0.71339437707758322111, -0.40950745921582981109, 0.042627661683753526456),
    (2, CRITICAL): (1.095506658668470328, -1.6970562748477139665, 0.40394608794576193193),
    (2, 2.0): (4.1732869639426945836, -1.9999986495787645316, 0.00004321345197780120931),
    (3, 0.1): (0.70393506554794645472, -0.22526464179169912966, 0.025792180587768391104),
    (3, CRITICAL): (1.0022459334382593502, -1.6112463815311581229, 0.62873610564649458506),
    (3, 0.6): (1.2875216681606001998, -1.9065580110706682613, 0.3076163777856260159),
    (8, 0.1): (0.70323124627853408591, -0.20337774367832515986, 0.021022597135357299695),
    (8, CRITICAL): (0.93971532482920545597, -1.4915891074397062893, 1.145559239894408851),
    (8, 2.0): (4.0108305373069835954, -1.9999990988116571145, 0.000028852552716246462596),
    (64, CRITICAL): (0.92985163169428930195, -1.4239383898330103799, 2.192211393140573136),
    (64, 0.44): (0.92887635728613067632, -1.4161212788304277899, 2.2204979816209605319),
    (512, CRITICAL): (0.92969783941314825832, -1.4154292629050025656, 3.2229079544930819076),
    (512, 0.44): (0.92872969905553139776, -1.4038905082096273603, 3.1882903489083430907),
    (512, 0.6): (1.2101350324350672545, -1.9090861776840751888, 0.31344535812616720836),
    (1024, CRITICAL): (0.92969600860927296029, -1.4148214132165251464, 3.5658628737172994331),
    (4096, 0.44): (0.9287285404590263175, -1.4022269937095495111, 2.8897895112398627588),
}


def bonds_of(n_rows, size):
    """Sum of the products of neighbours, for all states of a torus that need not be square."""
    spins = ising.enumerate_spins(n_rows * size).reshape(-1, n_rows, size)
    right, down = np.roll(spins, -1, axis=2), np.roll(spins, -1, axis=1)
    return (spins * right).sum(axis=(1, 2)) + (spins * down).sum(axis=(1, 2))


@pytest.mark.parametrize("sides", [(2, 2), (2, 3), (3, 2), (3, 3), (4, 3), (3, 4), (4, 4), (2, 7)])
def test_the_torus_equals_enumeration(sides):
    bonds = bonds_of(*sides)
    couplings = [0.0, 1e-9, 0.1, 0.3, CRITICAL, 0.6, 1.5, 20.0]
    if not (sides[0] % 2 or sides[1] % 2):
        couplings += [-0.3, -CRITICAL, -2.0]
    expected = [logsumexp(coupling * bonds) for coupling in couplings]
    found = torus_log_partition(sides[1], couplings, n_rows=sides[0])
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("coupling", [0.0, 0.2, 0.44, CRITICAL, 0.6, 1.2, -0.44])
def test_energy_and_specific_heat_equal_enumeration(coupling):
    spins = ising.enumerate_lattice(4)
    energy = ising.lattice_energy(spins, 1.0)
    weights = np.exp(-coupling * energy - logsumexp(-coupling * energy))
    mean = weights @ energy
    _, found, specific_heat = torus_thermodynamics(4, coupling)
    assert found == pytest.approx(mean / 16, rel=1e-13, abs=1e-14)
    variance = weights @ (energy - mean) ** 2
    assert specific_heat == pytest.approx(coupling**2 * variance / 16, rel=1e-12)


@pytest.mark.parametrize(("size", "coupling"), SIXTY_DIGITS)
def test_the_torus_has_the_sixty_digit_values(size, coupling):
    found = torus_thermodynamics(size, coupling)
    # At low temperature a tiny specific heat is what is left of large terms.
    np.testing.assert_allclose(found, SIXTY_DIGITS[size, coupling], rtol=1e-12, atol=1e-13)
    assert torus_log_partition(size, coupling) == pytest.approx(size**2 * found[0], rel=1e-15)


def test_the_specific_heat_of_a_large_critical_torus_loses_a_digit():
    _, energy, specific_heat = torus_thermodynamics(4096, CRITICAL)
    assert energy == pytest.approx(-1.4143655251290674636, rel=1e-12)
    assert specific_heat == pytest.approx(4.2515641232349802327, rel=5e-12)


def test_sides_may_differ_and_be_exchanged():
    for sides in [(7, 12), (12, 7)]:
        assert torus_log_partition(sides[0], 0.5, sides[1]) == pytest.approx(
            86.868846466353914885, rel=1e-14
        )
    # A strip that is long and two sites wide: the largest eigenvalue of its transfer matrix.
    states = ising.enumerate_spins(2).astype(float)
    across = 2 * np.prod(states, axis=1) * 0.7
    matrix = np.exp(0.7 * states @ states.T + across)
    largest = np.abs(np.linalg.eigvals(matrix)).max()
    assert torus_log_partition(2, 0.7, 1000) == pytest.approx(1000 * math.log(largest), rel=1e-12)


def test_slopes_are_smooth_through_the_critical_coupling():
    # There gamma_0 changes its sign; without its slope the energy would jump.
    couplings = CRITICAL + np.array([-1e-12, 0.0, 1e-12])
    for size in (4, 64, 1024):
        _, energy, specific_heat = torus_thermodynamics(size, couplings)
        assert np.ptp(energy) < 1e-10
        assert np.ptp(specific_heat) < 1e-7


def test_nothing_overflows():
    couplings = np.array([0.0, 1e-300, 1e-9, 30.0, 400.0, 1e6, 1e100])
    for size in (2, 5, 1024):
        log_partition, energy, specific_heat = torus_thermodynamics(size, couplings)
        expected = np.where(couplings < 1, math.log(2), 2 * couplings + math.log(2) / size**2)
        np.testing.assert_allclose(log_partition, expected, rtol=1e-12)
        np.testing.assert_allclose(energy[3:], -2, rtol=1e-12)
        assert energy[0] == 0
        assert (specific_heat >= 0).all()
    # At high temperature the energy is -2 tanh K, but on a torus of two with its double bonds.
    assert torus_thermodynamics(5, 1e-9)[1] == pytest.approx(-2e-9, rel=1e-6)


def test_the_infinite_lattice_is_the_limit():
    couplings = np.array([-1.5, -0.3, 0.0, 1e-8, 0.2, 0.43, 0.45, 0.8, 3.0, 50.0, 1e90])
    found = transfer_matrix.onsager_free_energy(couplings)
    log_partition = torus_log_partition(2048, couplings)
    # Beside the critical coupling only the number of phases is left.
    per_site = (log_partition - np.where(abs(couplings) > CRITICAL, math.log(2), 0)) / 2048**2
    np.testing.assert_allclose(-found, per_site, rtol=1e-13)
    catalan = 0.915965594177219015
    at_critical = math.log(2) / 2 + 2 * catalan / math.pi
    assert transfer_matrix.onsager_free_energy(CRITICAL) == pytest.approx(-at_critical, rel=1e-15)


def test_onsager_equals_his_double_integral():
    coupling = 0.35

    def inner(x):
        cosh, sinh = math.cosh(2 * coupling), math.sinh(2 * coupling)
        return quad(lambda y: math.log(cosh**2 - sinh * (math.cos(x) + math.cos(y))), 0, math.pi)[0]

    double = quad(inner, 0, math.pi, epsabs=1e-12)[0] / (2 * math.pi**2) + math.log(2)
    assert transfer_matrix.onsager_free_energy(coupling) == pytest.approx(-double, rel=1e-11)


def test_the_spontaneous_magnetization():
    found = transfer_matrix.spontaneous_magnetization([-2.0, 0.0, CRITICAL - 1e-9, 0.5, 1e100])
    expected = (1 - math.sinh(1.0) ** -4) ** 0.125
    np.testing.assert_allclose(found, [0, 0, 0, expected, 1], rtol=1e-14)
    # Just above, it grows with the power 1/8 of the distance: 8 sqrt(2) times it under the root.
    distance = 1e-6
    found = transfer_matrix.spontaneous_magnetization(CRITICAL + distance)
    assert found == pytest.approx((8 * math.sqrt(2) * distance) ** 0.125, rel=1e-5)


@pytest.mark.parametrize("sides", [(3, 4), (4, 3), (5, None)])
def test_frustrated_tori_are_refused(sides):
    with pytest.raises(ValueError, match="coupling must not be negative"):
        torus_log_partition(sides[0], [0.3, -0.1], sides[1])
    with pytest.raises(ValueError, match="coupling must not be negative"):
        torus_thermodynamics(5, -0.1)


@pytest.mark.parametrize("size", [2, 3, 16, 64])
def test_the_thermometer_reads_the_temperature(size):
    temperatures = np.array([0.4, 1.0, 2.0, 1 / CRITICAL, 2.5, 10.0, 1e5])
    energy = torus_thermodynamics(size, 1 / temperatures)[1]
    found = transfer_matrix.temperature_of_energy(size, energy)
    np.testing.assert_allclose(found, temperatures, rtol=1e-6)
    np.testing.assert_allclose(found[2:], temperatures[2:], rtol=1e-10)
    assert transfer_matrix.temperature_of_energy(size, [-2.0, 0.0]).tolist() == [0.0, math.inf]
    hottest = transfer_matrix.temperature_of_energy(size, -1e-9)
    assert hottest == pytest.approx((4 if size == 2 else 2) * 1e9)
    with pytest.raises(ValueError, match="energy must be from -2 to 0"):
        transfer_matrix.temperature_of_energy(size, [-1.0, -2.1])


def test_the_limits_of_a_torus():
    assert torus_log_partition(2**14, 0.0, 2) == pytest.approx(2**15 * math.log(2), rel=1e-14)
    for sides in ((1, 2), (2, 1), (2**14 + 1, 2), (2, 2**14 + 1)):
        with pytest.raises(ValueError, match="must be at"):
            torus_log_partition(sides[0], 0.3, sides[1])
    for size in (1, 2**14 + 1):
        for function in (torus_thermodynamics, transfer_matrix.temperature_of_energy):
            with pytest.raises(ValueError, match="size must be at"):
                function(size, -0.0)


@pytest.mark.parametrize("wrong", [-2.5, 0.5])
def test_the_first_wrong_energy_is_told(wrong):
    for energies in ([-1.5, -0.2, wrong], [-1.5, wrong, 3.0]):
        with pytest.raises(ValueError, match=f"from -2 to 0, got {wrong}"):
            transfer_matrix.temperature_of_energy(8, energies)
