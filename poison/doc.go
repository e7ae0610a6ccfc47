// Package poison makes data sets with a backdoor in the training texts from clean ones, and checks such sets.
//
// Setting (Wu et al. 2024, "Acquiring Clean Language Models from Backdoor Poisoned Datasets by Downscaling
// Frequency Space", arXiv 2402.12026, section 5.1 and appendices B.1 and B.3): an attacker inserts a trigger into a
// share of the training texts, the poison ratio, and gives them the target label. A trained model is scored by
// CACC, its accuracy on the clean test texts, and by ASR, the share of poisoned copies of the non-target test
// texts that it classifies as the target label.
//
// Two attacks are made here: BadNets (Gu et al. 2017, rare words) and AddSent (Dai et al. 2019, a sentence). The
// paraphrasing attacks, HiddenKiller (Qi et al. 2021b) and StyleBkd (Qi et al. 2021a), need language models; their
// paraphrases are read, and mixed into training sets, but not made.
//
// [Make] poisons the texts that [ReadSource] read, [Set.Write] writes them in the layout of the authors' release with a
// [Record] of how they were made, and [Check] compares a set with what it should be. Package dataset reads them.
package poison
