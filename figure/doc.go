// Package figure draws what finished cells tell: the figures of the paper (Wu et al. 2024) from one's own runs. A figure is a
// picture and the table of the numbers in it.
package figure
