"""Hold the linear attenuation of the body's tissues at 140.5 keV."""

from types import MappingProxyType

EMISSION_KEV = 140.5  # Tc-99m (DDEP: 140.511); what every study here is made with

# mm^-1, narrow beam (coherent scattering included), 140.5 keV. Computed once with xraylib 4 (CS_Total_CP, NIST
# compositions; ICRU Report 46 for spongiosa, liver, cartilage and breast) times the density in g/cm3 in brackets.
MU_PER_MM = MappingProxyType(
    {
        "water": 0.015365,  # (1.00)
        "soft_tissue": 0.015241,  # ICRP (1.00)
        "muscle": 0.015822,  # skeletal, NIST (1.04)
        "adipose": 0.014134,  # ICRP (0.92)
        "breast": 0.015541,  # ICRU 46, mean adult gland (1.02)
        "blood": 0.016144,  # ICRP (1.06)
        "liver": 0.016143,  # ICRU 46 (1.06)
        "cartilage": 0.016697,  # ICRU 46 (1.10)
        "spongiosa": 0.018021,  # ICRU 46 (1.18)
        "cortical_bone": 0.028469,  # ICRP (1.85)
        "gas": 0.0,
    }
)
LUNG_MU_PER_MM_PER_DENSITY = 0.015224  # mm^-1 per g/cm3: ICRP lung, same source; the density varies with inflation


def lung_mu_per_mm(density_g_per_cm3: float) -> float:
    """Return the lung's attenuation in mm^-1; at 0.26 g/cm3 (ICRP inflated lung) 0.00396."""
    return LUNG_MU_PER_MM_PER_DENSITY * density_g_per_cm3


# Vertebrae and ribs are spongy bone in a thin cortex. Volume shares of cortex: 10 % and 25 %. Source: between the
# spongiosa and cortical values so that ribs come near ICRU 46 "whole rib" (1.41 g/cm3) and vertebrae near
# "whole vertebra" (1.42 g/cm3 with the arches, less without).
VERTEBRA_MU_PER_MM = 0.9 * MU_PER_MM["spongiosa"] + 0.1 * MU_PER_MM["cortical_bone"]
RIB_MU_PER_MM = 0.75 * MU_PER_MM["spongiosa"] + 0.25 * MU_PER_MM["cortical_bone"]
# Half of a humerus is compact bone, half marrow cavity and spongiosa (recalled: cortical index of the shaft .4-.6).
HUMERUS_MU_PER_MM = 0.5 * MU_PER_MM["spongiosa"] + 0.5 * MU_PER_MM["cortical_bone"]
