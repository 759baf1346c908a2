"""Raw documents -> canonical records, through one Faust stage. Nothing else of penstock imports Faust."""
