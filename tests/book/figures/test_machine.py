"""A machine of three and two units: the figure's numbers are the library's."""

import numpy as np
import pytest

from rgrbm.ising import enumerate_spins
from rgrbm.rbm import BernoulliRBM, effective_couplings, exact_distribution, kl_divergence


def units():
    s = enumerate_spins(3)
    even = np.where(s.prod(axis=1) < 0, 0.25, 0)
    other = np.random.default_rng(0).dirichlet(np.ones(8))
    targets = [{"name": "other", "law": other}, {"name": "parity", "law": even}]
    return {"J": [[1, -0.5], [1, 0], [0.3, 0]], "targets": targets}


def test_a_machine(page):
    data = units()
    shown = page("machine", data)
    J, fields = np.array(data["J"]), {"s": np.zeros(3), "t": np.zeros(2)}

    def heights(law):
        bars = f"[...document.querySelectorAll('[data-law={law}]')]"
        return np.array(shown.ask(f"{bars}.map(b => Number(b.getAttribute('height')))"))

    def check(target=0):
        machine = BernoulliRBM.from_spin_parameters(J, fields["s"], fields["t"])
        p = exact_distribution(machine)
        turned = BernoulliRBM.from_spin_parameters(J.T, fields["t"], fields["s"])
        expected = {"KL(P ‖ p)": kl_divergence(data["targets"][target]["law"], p)}
        pairs = effective_couplings(machine, "visible").value
        for i, k in ((0, 1), (0, 2), (1, 2)):
            expected[f"K{'₁₂₃'[i]}{'₁₂₃'[k]} of p(v)"] = pairs[i, k]
        triple = np.mean(np.log(p) * enumerate_spins(3).prod(axis=1))
        expected["K₁₂₃ of p(v)"] = triple
        expected["K₁₂ of p(h)"] = effective_couplings(machine).value[0, 1]
        for name, value in expected.items():
            assert shown.number(name) == pytest.approx(value, abs=6e-4), name
        for name, law in (("v", p), ("h", exact_distribution(turned))):
            tallest = max(*law, *(data["targets"][target]["law"] if name == "v" else ()))
            scale = 100 if tallest > 0.5 else 200
            np.testing.assert_allclose(heights(name), scale * law, rtol=0, atol=1e-9)

    check()
    shown.press('[aria-label="J₃₂"]', *["ArrowRight"] * 7)
    J[2, 1] = 0.7
    check()
    shown.press('[aria-label="J₁₁"]', *["ArrowLeft"] * 13)
    J[0, 0] = -0.3
    check()
    # Tab leads from here to the next coupling, that of the first and the second hidden spin.
    for key in ("Tab", "ArrowLeft"):
        shown.browser.press(key)
    J[0, 1] = -0.6
    check()
    shown.drag('[aria-label="J₂₁"]', 0, -24)  # 40 pixels are one unit, and up is more
    J[1, 0] = 1.6
    check()
    for name, kind, k, right in (
        ("B₂", "s", 1, 32),
        ("B₃", "s", 2, -12),
        ("C₁", "t", 0, 20),
        ("C₂", "t", 1, 8),
    ):
        shown.drag(f'[aria-label="{name}"]', right, 0)
        fields[kind][k] = right / 40
        check()
    shown.choose("target P (marks)", 1)
    check(target=1)
    before = [shown.number("KL(P ‖ p)"), heights("v"), shown.number("K₁₂ of p(h)")]
    shown.do("flip t₂")
    J[:, 1] *= -1
    fields["t"][1] *= -1
    check(target=1)
    assert shown.number("KL(P ‖ p)") == before[0]
    np.testing.assert_allclose(heights("v"), before[1], rtol=0, atol=1e-9)
    assert shown.number("K₁₂ of p(h)") == -before[2] != 0
    shown.do("all zero")
    J[:], fields = 0, {"s": np.zeros(3), "t": np.zeros(2)}
    check(target=1)
    shown.press('[aria-label="J₂₁"]', *["ArrowRight"] * 5)
    for key, end in (("ArrowRight", 3.0), ("ArrowLeft", -3.0)):
        shown.press('[aria-label="J₁₁"]', *[key] * 62)
        J[:2, 0] = end, 0.5  # no further
        check(target=1)
