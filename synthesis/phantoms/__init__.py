"""Digital patients: where every organ lies on a fine grid."""
