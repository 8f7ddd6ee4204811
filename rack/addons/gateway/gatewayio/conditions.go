package gatewayio

// The types of conditions. A listener has Accepted, Programmed and ResolvedRefs, and Conflicted if it clashes with another, a Gateway
// the first two, a route the first and the third, a class the first.
const (
	Accepted     = "Accepted"
	Conflicted   = "Conflicted"
	Programmed   = "Programmed"
	ResolvedRefs = "ResolvedRefs"
)

// The reasons of conditions. One that is true has its own type as reason.
const (
	ReasonAddressNotAssigned         = "AddressNotAssigned"
	ReasonAddressNotUsable           = "AddressNotUsable"
	ReasonBackendNotFound            = "BackendNotFound"
	ReasonInvalid                    = "Invalid"
	ReasonInvalidCertificateRef      = "InvalidCertificateRef"
	ReasonInvalidKind                = "InvalidKind"
	ReasonInvalidParameters          = "InvalidParameters"
	ReasonInvalidRouteKinds          = "InvalidRouteKinds"
	ReasonListenersNotReady          = "ListenersNotReady"
	ReasonListenersNotValid          = "ListenersNotValid"
	ReasonNoMatchingListenerHostname = "NoMatchingListenerHostname"
	ReasonNoMatchingParent           = "NoMatchingParent"
	ReasonNoResources                = "NoResources"
	ReasonNotAllowedByListeners      = "NotAllowedByListeners"
	ReasonPending                    = "Pending"
	ReasonProtocolConflict           = "ProtocolConflict"
	ReasonRefNotPermitted            = "RefNotPermitted"
	ReasonUnsupportedAddress         = "UnsupportedAddress"
	ReasonUnsupportedProtocol        = "UnsupportedProtocol"
	ReasonUnsupportedValue           = "UnsupportedValue"
)
