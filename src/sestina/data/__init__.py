"""Files → records → splits → ragged batches; and the data sets that ship with Sestina."""
