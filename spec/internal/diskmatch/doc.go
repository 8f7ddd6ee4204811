// Package diskmatch tells whether two expressions that select disks could choose the same one.
//
// Expressions are compiled and evaluated by Talos's own library. What is asked of them is a finite question: they
// compare the properties of a disk with constants, so that trying the constants of both, their neighbours and one value
// that none of them names meets every case that they can tell apart. Disks that cannot exist, such as an NVMe disk
// that rotates, are not tried.
package diskmatch
