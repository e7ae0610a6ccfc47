package ortrain

// order is the sequence of training texts in one epoch: a new permutation each epoch.
func order(n int, seed, epoch uint64) []int { return permutation(n, seed, "order", epoch) }

// auxiliaryBatch gives the indices of the auxiliary texts that step (counted from 0 over the whole run)
// uses: the n texts are shuffled anew for each pass over them and dealt in batches of size.
func auxiliaryBatch(n, size int, seed, step uint64) []int {
	size = min(size, n)
	batches := uint64((n + size - 1) / size)
	pass, place := step/batches, int(step%batches)
	shuffled := permutation(n, seed, "auxiliary", pass)
	return shuffled[place*size : min(n, (place+1)*size)]
}
