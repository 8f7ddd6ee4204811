// Package externalsecrets is a stand-in for External Secrets (https://external-secrets.io/latest/): stores of 1Password get ready when
// their vaults can be read, and ExternalSecrets become Secrets with what is read there, by 1Password's own client over HTTP from whatever
// answers as its Connect server.
//
// A Connect server inside the cluster is only reached while a pod stands behind its Service, as in life.
//
// Left out: stores of other providers, which get no status; dataFrom with find, rewrite or a generator, conversion, PushSecrets and
// ClusterExternalSecrets; templates out of ConfigMaps. An ExternalSecret that wants one of them is not ready and says so.
package externalsecrets
