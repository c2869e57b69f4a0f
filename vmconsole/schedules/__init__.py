"""When something is to happen: rules of time, the instants they name, and how a person reads them; pure, no clock."""
