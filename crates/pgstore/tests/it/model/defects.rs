//! What was wrong once, brought back: the model must find each.

use crate::support::careless::StoreDefect;

/// One fix taken out: of the store, or of what stands above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    OfTheStore(StoreDefect),
    /// A request that read the session gives a cookie with the ID that it read, whatever has become of
    /// that ID since.
    ACookieOfWhatWasRead,
    /// Of several cookies of the name the first counts.
    TheFirstCookieCounts,
}

impl Defect {
    /// Those that show in an order of whole calls. The others take calls at the same time: `races`.
    pub(super) const ALL: [Self; 11] = [
        Self::ACookieOfWhatWasRead,
        Self::TheFirstCookieCounts,
        Self::OfTheStore(StoreDefect::OneIdIsRemembered),
        Self::OfTheStore(StoreDefect::NoIdIsRemembered),
        Self::OfTheStore(StoreDefect::TheGraceCountsFromTheRotation),
        Self::OfTheStore(StoreDefect::ALogoutFollowsNothing),
        Self::OfTheStore(StoreDefect::ALoginKeepsTheOldId),
        Self::OfTheStore(StoreDefect::AnUpdateInserts),
        Self::OfTheStore(StoreDefect::ClocksMayNotDiffer),
        Self::OfTheStore(StoreDefect::ANewIdIsANewRow),
        Self::OfTheStore(StoreDefect::TheLastSaveWins),
    ];

    pub(super) fn name(self) -> String {
        match self {
            Self::OfTheStore(defect) => format!("{defect:?}"),
            above => format!("{above:?}"),
        }
    }

    pub(super) fn of_the_store(self) -> Option<StoreDefect> {
        match self {
            Self::OfTheStore(defect) => Some(defect),
            _ => None,
        }
    }
}
