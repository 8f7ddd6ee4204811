package gatewayio

// The types of conditions. A listener has Accepted, Programmed and ResolvedRefs, a Gateway the first two, a route the first and
// the last, a class the first.
const (
	Accepted     = "Accepted"
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
	ReasonInvalidRouteKinds          = "InvalidRouteKinds"
	ReasonListenersNotReady          = "ListenersNotReady"
	ReasonListenersNotValid          = "ListenersNotValid"
	ReasonNoMatchingListenerHostname = "NoMatchingListenerHostname"
	ReasonNoMatchingParent           = "NoMatchingParent"
	ReasonNoResources                = "NoResources"
	ReasonNotAllowedByListeners      = "NotAllowedByListeners"
	ReasonPending                    = "Pending"
	ReasonRefNotPermitted            = "RefNotPermitted"
	ReasonUnsupportedAddress         = "UnsupportedAddress"
)
