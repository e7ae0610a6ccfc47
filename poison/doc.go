// Package poison reads and writes data sets for text classification with a backdoor in the training texts,
// and makes such sets from clean ones.
//
// Setting (Wu et al. 2024, "Acquiring Clean Language Models from Backdoor Poisoned Datasets by Downscaling
// Frequency Space", arXiv 2402.12026, section 5.1 and appendices B.1 and B.3): an attacker inserts a trigger into a
// share of the training texts, the poison ratio, and gives them the target label. A trained model is scored by
// CACC, its accuracy on the clean test texts, and by ASR, the share of poisoned copies of the non-target test
// texts that it classifies as the target label.
//
// Two layouts are read: the folders of the authors' release, DATASET/TARGET/ATTACK, and a plain folder with
// train, dev and test files. See [Load]. [Check] compares a set with what it should be.
//
// Two attacks are made here: BadNets (Gu et al. 2017, rare words) and AddSent (Dai et al. 2019, a sentence). The
// paraphrasing attacks, HiddenKiller (Qi et al. 2021b) and StyleBkd (Qi et al. 2021a), need language models; their
// paraphrases are read, and mixed into training sets, but not made.
package poison
