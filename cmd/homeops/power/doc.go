// Package power switches a whole cluster off and on again, in the order that its storage wants.
//
// A volume is written by the machine that has it mounted and kept by others. When all machines go down at once, a pod's
// volume can no longer be unmounted, because those that keep it are gone. So a planned shutdown first keeps all new pods
// off the machines and takes away those with volumes, and waits until Kubernetes has detached every one; then workers go,
// and control planes last, so that the API answers for as long as there is something to ask. What was cordoned for it is
// marked, and is uncordoned by [Start], and not what a person has cordoned.
package power
