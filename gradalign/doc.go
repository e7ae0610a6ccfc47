// Package gradalign aligns the gradient of untrusted texts to that of trusted clean texts (paper, section
// 4.2): with g the gradient of a training batch and gc that of an auxiliary batch,
//
//	ga = |<g, gc>| / ||gc||^2 gc      (Eq. 7)
//	g^ = (1 - mu) ga + mu g           (Eq. 8)
//
// A rule says when and how; Rules lists them. All sums are in float64 and in a fixed order, so equal gradients give equal
// results, bit for bit, on any number of threads.
package gradalign
