"""Classifier, Regressor and Forecaster: fit and predict on arrays and frames, as scikit-learn does.

They hold settings and build an experiment. Training and prediction are those of every run.
"""

from lstmjax.estimators.forecaster import Forecaster as Forecaster
from lstmjax.estimators.sequences import Classifier as Classifier
from lstmjax.estimators.sequences import Regressor as Regressor
