// Package programs plays pods with the very programs that they stand for. KWOK says that a Deployment's pod is ready; from
// then on this package runs the real operator or controller as a process, with the flags, the environment, the mounted ConfigMaps
// and the service account that the Deployment gives it.
package programs
