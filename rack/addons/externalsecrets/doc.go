// Package externalsecrets is a stand-in for External Secrets (https://external-secrets.io/latest/): stores of 1Password get ready when
// their vaults can be read, and ExternalSecrets become Secrets with what is read there, by 1Password's own client over HTTP from whatever
// answers as its Connect server. It is held to External Secrets itself by the table of behaviours in rack/addons.
//
// A Connect server inside the cluster is only reached while a pod stands behind its Service, as in life.
//
// Left out: stores of other providers, which get no status; dataFrom with find, rewrite or a generator, decoding, immutable Secrets,
// PushSecrets and ClusterExternalSecrets; templates out of ConfigMaps, and the template functions for certificates and YAML. An
// ExternalSecret that wants one of them is not ready. Events: nobody writes any here. And it is quicker than life: whatever changes
// in the cluster has it look at stores, and at ExternalSecrets that failed, at once, which External Secrets leaves until it tries
// again, after up to seven minutes; a store that is ready it looks at anew every five.
package externalsecrets
