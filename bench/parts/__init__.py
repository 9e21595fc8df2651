"""The parts of the bench, one for each thing that is measured."""
