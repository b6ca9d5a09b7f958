"""The publications whose measures comparisons use, as a reference list has them."""

from __future__ import annotations

NEWCOMBE = (
    "Newcombe, R. G. (1998). Improved confidence intervals for the difference between binomial proportions based on "
    "paired data. Statistics in Medicine, 17, 2635-2650."
)
WILSON = (
    "Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the "
    "American Statistical Association, 22, 209-212."
)
COHEN = (
    "Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological Measurement, 20, "
    "37-46."
)
MCNEMAR = (
    "McNemar, Q. (1947). Note on the sampling error of the difference between correlated proportions or percentages. "
    "Psychometrika, 12, 153-157."
)
BOOTSTRAP = "Efron, B. & Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall."
WILCOXON = "Wilcoxon, F. (1945). Individual comparisons by ranking methods. Biometrics Bulletin, 1, 80-83."
KERBY = (
    "Kerby, D. S. (2014). The simple difference formula: an approach to teaching nonparametric correlation. "
    "Comprehensive Psychology, 3, 11.IT.3.1."
)
HOLM = (
    "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics, 6, "
    "65-70."
)
HAYES = (
    "Hayes, A. F. & Krippendorff, K. (2007). Answering the call for a standard reliability measure for coding data. "
    "Communication Methods and Measures, 1, 77-89."
)
KRIPPENDORFF = (
    "Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. University of Pennsylvania, Annenberg School "
    "for Communication."
)
