// Package certmanager is a stand-in for cert-manager (https://cert-manager.io/docs/): issuers get ready, and certificates become real
// keys and real certificates in Secrets, renewed when their time comes. An authority of the issuer's own signs them where it has one,
// itself where it is self-signed, and for ACME a simulated authority that nobody trusts.
//
// An ACME order succeeds when the DNS-01 solver that stands for each name has the Secret with the DNS provider's token; nobody looks
// whether the token is good or the record is seen. Only Cloudflare is known as DNS provider.
//
// Left out: every other issuer, whose objects get no status; HTTP-01; CertificateRequests, Orders and Challenges, whose troubles are
// told on the Certificate.
package certmanager
