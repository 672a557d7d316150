-- autocnn search digits --trials 7 --epochs 9 --final --confirm 2 --jobs 1 --seed 0 --space small.toml
-- sqlite3 studies/autocnn.db .dump; the names of the machine and of its system are others
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v3.2.0.a');
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'digits');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MAXIMIZE',1,0);
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_system_attributes" VALUES(1,1,'study:metric_names','["val_accuracy"]');
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_user_attributes" VALUES(1,1,'autocnn:edition','1');
INSERT INTO "study_user_attributes" VALUES(2,1,'autocnn:config','{"data": "digits", "source": "digits", "fingerprint": "be53add26731beef5df23fc85e2e061f", "shape": {"height": 8, "width": 8, "channels": 1, "classes": 10}, "train_images": 1222, "val_images": 306, "epochs": 9, "folds": 0, "seed": 0, "space": {"ranges": {"width": [8, 16], "width_growth": {"min": 1.0, "max": 2.0, "log": false}, "activation": ["relu", "leaky_relu", "elu", "gelu", "silu", "mish"], "pooling": ["max", "avg", "stride", "early_max"], "conv_dropout": {"min": 0.0, "max": 0.3, "log": false}, "head": ["global_avg_pool", "global_max_pool", "dense"], "dense_units": {"min": 64, "max": 512, "log": true, "step": 1}, "dense_dropout": {"min": 0.0, "max": 0.5, "log": false}, "optimizer": ["sgd", "adamw"], "learning_rate_factor": {"min": 0.1, "max": 10.0, "log": true}, "momentum": {"min": 0.8, "max": 0.97, "log": false}, "weight_decay": {"min": 1e-06, "max": 0.01, "log": true}, "schedule": ["one_cycle", "cosine", "step_down", "constant"], "label_smoothing": {"min": 0.0, "max": 0.2, "log": false}}, "fixed": {"stages": 2, "convs_per_stage": 1, "stem": "conv", "kernel": 3, "block": "plain", "norm": "batch_norm", "batch_size": 64, "augmentation": "none"}, "defaults": {"width": 8, "width_growth": 1.8, "activation": "gelu", "pooling": "early_max", "conv_dropout": 0.0, "head": "global_max_pool", "dense_units": 256, "dense_dropout": 0.0, "optimizer": "sgd", "learning_rate_factor": 1.0, "momentum": 0.9, "weight_decay": 0.0005, "schedule": "one_cycle", "label_smoothing": 0.05}, "template": null, "priors": {}, "max_flops": 4000000}, "sampler": "tpe", "pruner": "asha", "portfolio": true, "limits": {}}');
INSERT INTO "study_user_attributes" VALUES(3,1,'autocnn:trials','{"typed": "7", "total": 7}');
INSERT INTO "study_user_attributes" VALUES(4,1,'autocnn:state','{"phase": "ended", "beat": 8, "host": "laptop", "pid": 21126, "version": "0.1.0", "device": "2 CPU cores", "jobs": 1, "trials": 7, "seconds": 30.2, "earlier_seconds": 0.0, "seconds_left": null, "outcome": "complete", "notice": "", "rungs": [], "paces": {}, "load": {"cpu": 1.0, "cores": 2, "memory": 2144780288, "memory_total": 25276510208, "device_memory": 0, "device_memory_total": 0}, "checkpoint_bytes": 0}');
INSERT INTO "study_user_attributes" VALUES(5,1,'autocnn:environment','[{"since": 1795650541.24, "words": ["autocnn", "search", "digits", "--trials", "7", "--epochs", "9", "--final", "--confirm", "2", "--jobs", "1", "--seed", "0", "--space", "small.toml", "--plain"], "versions": {"python": "3.11.7", "autocnn": "0.1.0", "torch": "2.14.1", "numpy": "2.4.6", "optuna": "5.0.0", "safetensors": "0.8.0"}, "system": "Linux-6.1.0-x86_64-with-glibc2.36", "processor": "AMD EPYC", "device": "2 CPU cores", "kind": "cpu", "jobs": 1, "threads": 2}]');
INSERT INTO "study_user_attributes" VALUES(6,1,'autocnn:confirmed','{"trials": [3, 0], "seeds": 3, "scores": {"3": {"0": 0.9869281045751634, "1": 0.9869281045751634, "2": 0.9934640522875817}, "0": {"0": 0.9901960784313726, "1": 0.9901960784313726, "2": 0.9869281045751634}}}');
INSERT INTO "study_user_attributes" VALUES(7,1,'autocnn:final','{"trial": 3, "epochs": 27, "replanned": [], "status": "complete", "curve": [0.7418300653594772, 0.934640522875817, 0.9901960784313726, 0.9803921568627451, 0.9934640522875817, 0.9901960784313726, 0.9934640522875817, 0.9934640522875817, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909, 0.9967320261437909], "on_val": false, "done": 27, "seconds": 11.790614828991238, "reason": ""}');
INSERT INTO "study_user_attributes" VALUES(8,1,'autocnn:estimate','{"val_accuracy": 0.9967320261437909, "corrected": 0.9880057724995848, "interval": [0.9628252788104089, 1.0], "test_images": 269, "networks": 8, "epochs": 34}');
INSERT INTO "study_user_attributes" VALUES(9,1,'autocnn:test','[{"trial": 3, "final": true, "weights": "60421cc7756b29c07007b7bcf339d78c903dade29dc8093177e47758051b69c7", "accuracy": 0.9814126394052045, "interval": [0.9572341169642569, 0.9920351074398304], "images": 269, "at": 1795650572.3}]');
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT, 
	intermediate_value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_intermediate_values" VALUES(1,1,1,0.673202614379085,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(2,1,2,9.44444444444444419772e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(3,1,3,9.83660130718954195394e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(4,1,4,9.86928104575163445133e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(5,1,5,9.86928104575163445133e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(6,1,6,9.86928104575163445133e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(7,1,7,9.77124183006535917961e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(8,1,8,9.73856209150326779244e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(9,1,9,9.77124183006535917961e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(10,2,1,5.98039215686274494565e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(11,3,1,5.75163398692810412526e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(12,4,1,7.32026143790849626036e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(13,4,2,9.24836601307189587473e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(14,4,3,9.86928104575163445133e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(15,5,1,6.37254901960784270187e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(16,6,1,9.08496732026143782867e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(17,6,2,9.86928104575163445133e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(18,6,3,9.86928104575163445133e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(19,4,4,9.96732026143790861283e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(20,4,5,9.96732026143790861283e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(21,4,6,9.9019607843137258385e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(22,4,7,9.9019607843137258385e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(23,4,8,9.9019607843137258385e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(24,4,9,9.9019607843137258385e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(25,7,1,4.73856209150326779244e-01,'FINITE');
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_params" VALUES(1,1,'width',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [8, 16]}}');
INSERT INTO "trial_params" VALUES(2,1,'width_growth',1.8,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1.0, "high": 2.0, "log": false}}');
INSERT INTO "trial_params" VALUES(3,1,'activation',3.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "leaky_relu", "elu", "gelu", "silu", "mish"]}}');
INSERT INTO "trial_params" VALUES(4,1,'pooling',3.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["max", "avg", "stride", "early_max"]}}');
INSERT INTO "trial_params" VALUES(5,1,'conv_dropout',0.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.3, "log": false}}');
INSERT INTO "trial_params" VALUES(6,1,'head',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["global_avg_pool", "global_max_pool", "dense"]}}');
INSERT INTO "trial_params" VALUES(7,1,'dense_units',256.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 64, "high": 512}}');
INSERT INTO "trial_params" VALUES(8,1,'dense_dropout',0.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(9,1,'optimizer',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "adamw"]}}');
INSERT INTO "trial_params" VALUES(10,1,'learning_rate_factor',1.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.1, "high": 10.0, "log": true}}');
INSERT INTO "trial_params" VALUES(11,1,'momentum',0.9,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.8, "high": 0.97, "log": false}}');
INSERT INTO "trial_params" VALUES(12,1,'weight_decay',0.0005,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-06, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(13,1,'schedule',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["one_cycle", "cosine", "step_down", "constant"]}}');
INSERT INTO "trial_params" VALUES(14,1,'label_smoothing',0.05,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.2, "log": false}}');
INSERT INTO "trial_params" VALUES(15,2,'width',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [8, 16]}}');
INSERT INTO "trial_params" VALUES(16,2,'width_growth',1.8,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1.0, "high": 2.0, "log": false}}');
INSERT INTO "trial_params" VALUES(17,2,'activation',4.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "leaky_relu", "elu", "gelu", "silu", "mish"]}}');
INSERT INTO "trial_params" VALUES(18,2,'pooling',3.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["max", "avg", "stride", "early_max"]}}');
INSERT INTO "trial_params" VALUES(19,2,'conv_dropout',0.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.3, "log": false}}');
INSERT INTO "trial_params" VALUES(20,2,'head',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["global_avg_pool", "global_max_pool", "dense"]}}');
INSERT INTO "trial_params" VALUES(21,2,'dense_units',256.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 64, "high": 512}}');
INSERT INTO "trial_params" VALUES(22,2,'dense_dropout',0.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(23,2,'optimizer',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "adamw"]}}');
INSERT INTO "trial_params" VALUES(24,2,'learning_rate_factor',1.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.1, "high": 10.0, "log": true}}');
INSERT INTO "trial_params" VALUES(25,2,'momentum',0.9,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.8, "high": 0.97, "log": false}}');
INSERT INTO "trial_params" VALUES(26,2,'weight_decay',0.0005,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-06, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(27,2,'schedule',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["one_cycle", "cosine", "step_down", "constant"]}}');
INSERT INTO "trial_params" VALUES(28,2,'label_smoothing',0.05,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.2, "log": false}}');
INSERT INTO "trial_params" VALUES(29,3,'width',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [8, 16]}}');
INSERT INTO "trial_params" VALUES(30,3,'width_growth',1.9,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1.0, "high": 2.0, "log": false}}');
INSERT INTO "trial_params" VALUES(31,3,'activation',4.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "leaky_relu", "elu", "gelu", "silu", "mish"]}}');
INSERT INTO "trial_params" VALUES(32,3,'pooling',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["max", "avg", "stride", "early_max"]}}');
INSERT INTO "trial_params" VALUES(33,3,'conv_dropout',0.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.3, "log": false}}');
INSERT INTO "trial_params" VALUES(34,3,'head',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["global_avg_pool", "global_max_pool", "dense"]}}');
INSERT INTO "trial_params" VALUES(35,3,'dense_units',256.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 64, "high": 512}}');
INSERT INTO "trial_params" VALUES(36,3,'dense_dropout',0.2,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(37,3,'optimizer',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "adamw"]}}');
INSERT INTO "trial_params" VALUES(38,3,'learning_rate_factor',5.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.1, "high": 10.0, "log": true}}');
INSERT INTO "trial_params" VALUES(39,3,'momentum',0.9,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.8, "high": 0.97, "log": false}}');
INSERT INTO "trial_params" VALUES(40,3,'weight_decay',0.0005,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-06, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(41,3,'schedule',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["one_cycle", "cosine", "step_down", "constant"]}}');
INSERT INTO "trial_params" VALUES(42,3,'label_smoothing',0.05,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.2, "log": false}}');
INSERT INTO "trial_params" VALUES(43,4,'width',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [8, 16]}}');
INSERT INTO "trial_params" VALUES(44,4,'width_growth',1.8,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1.0, "high": 2.0, "log": false}}');
INSERT INTO "trial_params" VALUES(45,4,'activation',4.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "leaky_relu", "elu", "gelu", "silu", "mish"]}}');
INSERT INTO "trial_params" VALUES(46,4,'pooling',3.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["max", "avg", "stride", "early_max"]}}');
INSERT INTO "trial_params" VALUES(47,4,'conv_dropout',0.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.3, "log": false}}');
INSERT INTO "trial_params" VALUES(48,4,'head',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["global_avg_pool", "global_max_pool", "dense"]}}');
INSERT INTO "trial_params" VALUES(49,4,'dense_units',256.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 64, "high": 512}}');
INSERT INTO "trial_params" VALUES(50,4,'dense_dropout',0.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(51,4,'optimizer',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "adamw"]}}');
INSERT INTO "trial_params" VALUES(52,4,'learning_rate_factor',3.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.1, "high": 10.0, "log": true}}');
INSERT INTO "trial_params" VALUES(53,4,'momentum',0.9,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.8, "high": 0.97, "log": false}}');
INSERT INTO "trial_params" VALUES(54,4,'weight_decay',0.0005,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-06, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(55,4,'schedule',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["one_cycle", "cosine", "step_down", "constant"]}}');
INSERT INTO "trial_params" VALUES(56,4,'label_smoothing',0.05,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.2, "log": false}}');
INSERT INTO "trial_params" VALUES(57,5,'width',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [8, 16]}}');
INSERT INTO "trial_params" VALUES(58,5,'width_growth',1.5,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1.0, "high": 2.0, "log": false}}');
INSERT INTO "trial_params" VALUES(59,5,'activation',3.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "leaky_relu", "elu", "gelu", "silu", "mish"]}}');
INSERT INTO "trial_params" VALUES(60,5,'pooling',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["max", "avg", "stride", "early_max"]}}');
INSERT INTO "trial_params" VALUES(61,5,'conv_dropout',0.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.3, "log": false}}');
INSERT INTO "trial_params" VALUES(62,5,'head',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["global_avg_pool", "global_max_pool", "dense"]}}');
INSERT INTO "trial_params" VALUES(63,5,'dense_units',256.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 64, "high": 512}}');
INSERT INTO "trial_params" VALUES(64,5,'dense_dropout',0.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(65,5,'optimizer',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "adamw"]}}');
INSERT INTO "trial_params" VALUES(66,5,'learning_rate_factor',1.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.1, "high": 10.0, "log": true}}');
INSERT INTO "trial_params" VALUES(67,5,'momentum',0.9,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.8, "high": 0.97, "log": false}}');
INSERT INTO "trial_params" VALUES(68,5,'weight_decay',0.0005,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-06, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(69,5,'schedule',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["one_cycle", "cosine", "step_down", "constant"]}}');
INSERT INTO "trial_params" VALUES(70,5,'label_smoothing',0.05,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.2, "log": false}}');
INSERT INTO "trial_params" VALUES(71,6,'width',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [8, 16]}}');
INSERT INTO "trial_params" VALUES(72,6,'width_growth',1.5,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1.0, "high": 2.0, "log": false}}');
INSERT INTO "trial_params" VALUES(73,6,'activation',3.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "leaky_relu", "elu", "gelu", "silu", "mish"]}}');
INSERT INTO "trial_params" VALUES(74,6,'pooling',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["max", "avg", "stride", "early_max"]}}');
INSERT INTO "trial_params" VALUES(75,6,'conv_dropout',0.2,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.3, "log": false}}');
INSERT INTO "trial_params" VALUES(76,6,'head',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["global_avg_pool", "global_max_pool", "dense"]}}');
INSERT INTO "trial_params" VALUES(77,6,'dense_units',480.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 64, "high": 512}}');
INSERT INTO "trial_params" VALUES(78,6,'dense_dropout',0.3,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(79,6,'optimizer',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "adamw"]}}');
INSERT INTO "trial_params" VALUES(80,6,'learning_rate_factor',3.0,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.1, "high": 10.0, "log": true}}');
INSERT INTO "trial_params" VALUES(81,6,'momentum',0.9,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.8, "high": 0.97, "log": false}}');
INSERT INTO "trial_params" VALUES(82,6,'weight_decay',0.0005,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-06, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(83,6,'schedule',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["one_cycle", "cosine", "step_down", "constant"]}}');
INSERT INTO "trial_params" VALUES(84,6,'label_smoothing',0.05,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.2, "log": false}}');
INSERT INTO "trial_params" VALUES(85,7,'width',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [8, 16]}}');
INSERT INTO "trial_params" VALUES(86,7,'width_growth',1.78590065191545699363e+00,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1.0, "high": 2.0, "log": false}}');
INSERT INTO "trial_params" VALUES(87,7,'activation',4.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "leaky_relu", "elu", "gelu", "silu", "mish"]}}');
INSERT INTO "trial_params" VALUES(88,7,'pooling',3.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["max", "avg", "stride", "early_max"]}}');
INSERT INTO "trial_params" VALUES(89,7,'conv_dropout',2.51135243716636480382e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.3, "log": false}}');
INSERT INTO "trial_params" VALUES(90,7,'head',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["global_avg_pool", "global_max_pool", "dense"]}}');
INSERT INTO "trial_params" VALUES(91,7,'dense_units',168.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 64, "high": 512}}');
INSERT INTO "trial_params" VALUES(92,7,'dense_dropout',3.88295542507832047718e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(93,7,'optimizer',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "adamw"]}}');
INSERT INTO "trial_params" VALUES(94,7,'learning_rate_factor',5.16958808511205791802e+00,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.1, "high": 10.0, "log": true}}');
INSERT INTO "trial_params" VALUES(95,7,'momentum',9.5507404101816639752e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.8, "high": 0.97, "log": false}}');
INSERT INTO "trial_params" VALUES(96,7,'weight_decay',4.76507110187391301481e-03,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-06, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(97,7,'schedule',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["one_cycle", "cosine", "step_down", "constant"]}}');
INSERT INTO "trial_params" VALUES(98,7,'label_smoothing',9.00658630078751687442e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.2, "log": false}}');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_system_attributes" VALUES(1,1,'fixed_params','{"width": 8, "width_growth": 1.8, "activation": "gelu", "pooling": "early_max", "conv_dropout": 0.0, "head": "global_max_pool", "dense_units": 256, "dense_dropout": 0.0, "optimizer": "sgd", "learning_rate_factor": 1.0, "momentum": 0.9, "weight_decay": 0.0005, "schedule": "one_cycle", "label_smoothing": 0.05}');
INSERT INTO "trial_system_attributes" VALUES(2,2,'fixed_params','{"width": 8, "width_growth": 1.8, "activation": "silu", "pooling": "early_max", "conv_dropout": 0.0, "head": "global_max_pool", "dense_units": 256, "dense_dropout": 0.0, "optimizer": "sgd", "learning_rate_factor": 1.0, "momentum": 0.9, "weight_decay": 0.0005, "schedule": "one_cycle", "label_smoothing": 0.05}');
INSERT INTO "trial_system_attributes" VALUES(3,3,'fixed_params','{"width": 8, "width_growth": 1.9, "activation": "silu", "pooling": "max", "conv_dropout": 0.0, "head": "dense", "dense_units": 256, "dense_dropout": 0.2, "optimizer": "sgd", "learning_rate_factor": 5.0, "momentum": 0.9, "weight_decay": 0.0005, "schedule": "one_cycle", "label_smoothing": 0.05}');
INSERT INTO "trial_system_attributes" VALUES(4,4,'fixed_params','{"width": 8, "width_growth": 1.8, "activation": "silu", "pooling": "early_max", "conv_dropout": 0.0, "head": "global_max_pool", "dense_units": 256, "dense_dropout": 0.0, "optimizer": "sgd", "learning_rate_factor": 3.0, "momentum": 0.9, "weight_decay": 0.0005, "schedule": "one_cycle", "label_smoothing": 0.05}');
INSERT INTO "trial_system_attributes" VALUES(5,5,'fixed_params','{"width": 8, "width_growth": 1.5, "activation": "gelu", "pooling": "max", "conv_dropout": 0.0, "head": "global_max_pool", "dense_units": 256, "dense_dropout": 0.0, "optimizer": "sgd", "learning_rate_factor": 1.0, "momentum": 0.9, "weight_decay": 0.0005, "schedule": "one_cycle", "label_smoothing": 0.05}');
INSERT INTO "trial_system_attributes" VALUES(6,6,'fixed_params','{"width": 16, "width_growth": 1.5, "activation": "gelu", "pooling": "avg", "conv_dropout": 0.2, "head": "dense", "dense_units": 480, "dense_dropout": 0.3, "optimizer": "sgd", "learning_rate_factor": 3.0, "momentum": 0.9, "weight_decay": 0.0005, "schedule": "one_cycle", "label_smoothing": 0.05}');
INSERT INTO "trial_system_attributes" VALUES(7,7,'tpe:relative_params:0','"{\"activation\": \"silu\", \"conv_dropout\": 0.2511352437166365, \"dense_dropout\": 0.38829554250783205, \"dense_units\": 168, \"head\": \"global_avg_pool\", \"label_smoothing\": 0.0009006586300787517, \"learning_rate_factor\": 5.169588085112058, \"momentum\": 0.9550740410181664, \"optimizer\": \"sgd\", \"pooling\": \"early_max\", \"schedule\": \"one_cycle\", \"weight_decay\": 0.004765071101873913, \"width\": 8, \"width_growth\": 1.785900651915457}"');
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_user_attributes" VALUES(1,1,'origin','"a known good start"');
INSERT INTO "trial_user_attributes" VALUES(2,2,'origin','"portfolio: squeeze, silu"');
INSERT INTO "trial_user_attributes" VALUES(3,3,'origin','"portfolio: shallow, dense"');
INSERT INTO "trial_user_attributes" VALUES(4,4,'origin','"portfolio: nadam, silu"');
INSERT INTO "trial_user_attributes" VALUES(5,5,'origin','"portfolio: residual"');
INSERT INTO "trial_user_attributes" VALUES(6,6,'origin','"portfolio: tiny, adamax"');
INSERT INTO "trial_user_attributes" VALUES(7,1,'parameters','2034');
INSERT INTO "trial_user_attributes" VALUES(8,1,'flops','120128');
INSERT INTO "trial_user_attributes" VALUES(9,1,'key','"a360e1b3d5487ac3"');
INSERT INTO "trial_user_attributes" VALUES(10,1,'seed','0');
INSERT INTO "trial_user_attributes" VALUES(11,1,'planned_epochs','9');
INSERT INTO "trial_user_attributes" VALUES(12,1,'layers','[["conv 8 kernel=3 bias=false", [8, 8, 8], 72, 9216], ["batch_norm", [8, 8, 8], 16, 0], ["gelu", [8, 8, 8], 0, 0], ["conv 8 kernel=3 bias=false", [8, 8, 8], 576, 73728], ["max_pool 2", [8, 4, 4], 0, 0], ["batch_norm", [8, 4, 4], 16, 0], ["gelu", [8, 4, 4], 0, 0], ["conv 16 kernel=3 bias=false", [16, 4, 4], 1152, 36864], ["max_pool 2", [16, 2, 2], 0, 0], ["batch_norm", [16, 2, 2], 32, 0], ["gelu", [16, 2, 2], 0, 0], ["global_max_pool", [16], 0, 0], ["dense 10", [10], 170, 320]]');
INSERT INTO "trial_user_attributes" VALUES(13,1,'recipe','"layers = [\n    \"conv 8 kernel=3 bias=false\",\n    \"batch_norm\",\n    \"gelu\",\n    \"conv 8 kernel=3 bias=false\",\n    \"max_pool 2\",\n    \"batch_norm\",\n    \"gelu\",\n    \"conv 16 kernel=3 bias=false\",\n    \"max_pool 2\",\n    \"batch_norm\",\n    \"gelu\",\n    \"global_max_pool\",\n]\n\n[train]\noptimizer = \"sgd\"\nlearning_rate = 0.1\nmomentum = 0.9\nweight_decay = 0.0005\nschedule = \"one_cycle\"\nbatch_size = 64\nepochs = 9\nlabel_smoothing = 0.05\nema_decay = 0.99\naugmentation = []\ninitialization = \"default\"\n"');
INSERT INTO "trial_user_attributes" VALUES(14,1,'epochs','[[1795650544.58, 1.90843, 0.43997, 1.33184, 2.612, 469.2], [1795650545.36, 0.63343, 0.91941, 0.18382, 0.767, 1601.4], [1795650545.95, 0.4276, 0.97615, 0.09883, 0.584, 2131.3], [1795650546.82, 0.37768, 0.99342, 0.10511, 0.84, 1465.8], [1795650547.4, 0.35145, 0.99918, 0.11391, 0.572, 2316.2], [1795650547.95, 0.33854, 1.0, 0.11278, 0.534, 2317.5], [1795650548.49, 0.33117, 1.0, 0.11967, 0.529, 2384.3], [1795650548.95, 0.32836, 1.0, 0.12074, 0.448, 2773.7], [1795650549.37, 0.32522, 1.0, 0.11986, 0.411, 3053.7]]');
INSERT INTO "trial_user_attributes" VALUES(15,1,'seconds','7.294965144999878');
INSERT INTO "trial_user_attributes" VALUES(16,1,'reason','""');
INSERT INTO "trial_user_attributes" VALUES(17,1,'images_per_second','2057');
INSERT INTO "trial_user_attributes" VALUES(18,2,'parameters','2034');
INSERT INTO "trial_user_attributes" VALUES(19,2,'flops','120128');
INSERT INTO "trial_user_attributes" VALUES(20,2,'key','"bddb803a01caafe4"');
INSERT INTO "trial_user_attributes" VALUES(21,2,'seed','1');
INSERT INTO "trial_user_attributes" VALUES(22,2,'planned_epochs','9');
INSERT INTO "trial_user_attributes" VALUES(23,2,'layers','[["conv 8 kernel=3 bias=false", [8, 8, 8], 72, 9216], ["batch_norm", [8, 8, 8], 16, 0], ["silu", [8, 8, 8], 0, 0], ["conv 8 kernel=3 bias=false", [8, 8, 8], 576, 73728], ["max_pool 2", [8, 4, 4], 0, 0], ["batch_norm", [8, 4, 4], 16, 0], ["silu", [8, 4, 4], 0, 0], ["conv 16 kernel=3 bias=false", [16, 4, 4], 1152, 36864], ["max_pool 2", [16, 2, 2], 0, 0], ["batch_norm", [16, 2, 2], 32, 0], ["silu", [16, 2, 2], 0, 0], ["global_max_pool", [16], 0, 0], ["dense 10", [10], 170, 320]]');
INSERT INTO "trial_user_attributes" VALUES(24,2,'recipe','"layers = [\n    \"conv 8 kernel=3 bias=false\",\n    \"batch_norm\",\n    \"silu\",\n    \"conv 8 kernel=3 bias=false\",\n    \"max_pool 2\",\n    \"batch_norm\",\n    \"silu\",\n    \"conv 16 kernel=3 bias=false\",\n    \"max_pool 2\",\n    \"batch_norm\",\n    \"silu\",\n    \"global_max_pool\",\n]\n\n[train]\noptimizer = \"sgd\"\nlearning_rate = 0.1\nmomentum = 0.9\nweight_decay = 0.0005\nschedule = \"one_cycle\"\nbatch_size = 64\nepochs = 9\nlabel_smoothing = 0.05\nema_decay = 0.99\naugmentation = []\ninitialization = \"default\"\n"');
INSERT INTO "trial_user_attributes" VALUES(25,2,'epochs','[[1795650549.84, 1.86161, 0.43832, 1.33941, 0.293, 4221.8]]');
INSERT INTO "trial_user_attributes" VALUES(26,2,'reason','"4th of 5 at epoch 1"');
INSERT INTO "trial_user_attributes" VALUES(27,2,'seconds','0.2927715449986863');
INSERT INTO "trial_user_attributes" VALUES(28,2,'pauses','[[1795650549.84, 1, "2nd of 2 at epoch 1", null]]');
INSERT INTO "trial_user_attributes" VALUES(29,2,'status','"paused"');
INSERT INTO "trial_user_attributes" VALUES(30,3,'parameters','70226');
INSERT INTO "trial_user_attributes" VALUES(31,3,'flops','256000');
INSERT INTO "trial_user_attributes" VALUES(32,3,'key','"28a30f1f7d227723"');
INSERT INTO "trial_user_attributes" VALUES(33,3,'seed','2');
INSERT INTO "trial_user_attributes" VALUES(34,3,'planned_epochs','9');
INSERT INTO "trial_user_attributes" VALUES(35,3,'layers','[["conv 8 kernel=3 bias=false", [8, 8, 8], 72, 9216], ["batch_norm", [8, 8, 8], 16, 0], ["silu", [8, 8, 8], 0, 0], ["conv 8 kernel=3 bias=false", [8, 8, 8], 576, 73728], ["batch_norm", [8, 8, 8], 16, 0], ["silu", [8, 8, 8], 0, 0], ["max_pool 2", [8, 4, 4], 0, 0], ["conv 16 kernel=3 bias=false", [16, 4, 4], 1152, 36864], ["batch_norm", [16, 4, 4], 32, 0], ["silu", [16, 4, 4], 0, 0], ["flatten", [256], 0, 0], ["dense 256", [256], 65792, 131072], ["silu", [256], 0, 0], ["dropout 0.2", [256], 0, 0], ["dense 10", [10], 2570, 5120]]');
INSERT INTO "trial_user_attributes" VALUES(36,3,'recipe','"layers = [\n    \"conv 8 kernel=3 bias=false\",\n    \"batch_norm\",\n    \"silu\",\n    \"conv 8 kernel=3 bias=false\",\n    \"batch_norm\",\n    \"silu\",\n    \"max_pool 2\",\n    \"conv 16 kernel=3 bias=false\",\n    \"batch_norm\",\n    \"silu\",\n    \"flatten\",\n    \"dense 256\",\n    \"silu\",\n    \"dropout 0.2\",\n]\n\n[train]\noptimizer = \"sgd\"\nlearning_rate = 0.5\nmomentum = 0.9\nweight_decay = 0.0005\nschedule = \"one_cycle\"\nbatch_size = 64\nepochs = 9\nlabel_smoothing = 0.05\nema_decay = 0.99\naugmentation = []\ninitialization = \"default\"\n"');
INSERT INTO "trial_user_attributes" VALUES(37,3,'epochs','[[1795650550.16, 1.50365, 0.58717, 2.93929, 0.152, 8353.3]]');
INSERT INTO "trial_user_attributes" VALUES(38,3,'reason','"4th of 4 at epoch 1"');
INSERT INTO "trial_user_attributes" VALUES(39,3,'seconds','0.15150362300119014');
INSERT INTO "trial_user_attributes" VALUES(40,3,'pauses','[[1795650550.16, 1, "3rd of 3 at epoch 1", null]]');
INSERT INTO "trial_user_attributes" VALUES(41,3,'status','"paused"');
INSERT INTO "trial_user_attributes" VALUES(42,4,'parameters','2034');
INSERT INTO "trial_user_attributes" VALUES(43,4,'flops','120128');
INSERT INTO "trial_user_attributes" VALUES(44,4,'key','"b62883a1eca774aa"');
INSERT INTO "trial_user_attributes" VALUES(45,4,'seed','3');
INSERT INTO "trial_user_attributes" VALUES(46,4,'planned_epochs','9');
INSERT INTO "trial_user_attributes" VALUES(47,4,'layers','[["conv 8 kernel=3 bias=false", [8, 8, 8], 72, 9216], ["batch_norm", [8, 8, 8], 16, 0], ["silu", [8, 8, 8], 0, 0], ["conv 8 kernel=3 bias=false", [8, 8, 8], 576, 73728], ["max_pool 2", [8, 4, 4], 0, 0], ["batch_norm", [8, 4, 4], 16, 0], ["silu", [8, 4, 4], 0, 0], ["conv 16 kernel=3 bias=false", [16, 4, 4], 1152, 36864], ["max_pool 2", [16, 2, 2], 0, 0], ["batch_norm", [16, 2, 2], 32, 0], ["silu", [16, 2, 2], 0, 0], ["global_max_pool", [16], 0, 0], ["dense 10", [10], 170, 320]]');
INSERT INTO "trial_user_attributes" VALUES(48,4,'recipe','"layers = [\n    \"conv 8 kernel=3 bias=false\",\n    \"batch_norm\",\n    \"silu\",\n    \"conv 8 kernel=3 bias=false\",\n    \"max_pool 2\",\n    \"batch_norm\",\n    \"silu\",\n    \"conv 16 kernel=3 bias=false\",\n    \"max_pool 2\",\n    \"batch_norm\",\n    \"silu\",\n    \"global_max_pool\",\n]\n\n[train]\noptimizer = \"sgd\"\nlearning_rate = 0.3\nmomentum = 0.9\nweight_decay = 0.0005\nschedule = \"one_cycle\"\nbatch_size = 64\nepochs = 9\nlabel_smoothing = 0.05\nema_decay = 0.99\naugmentation = []\ninitialization = \"default\"\n"');
INSERT INTO "trial_user_attributes" VALUES(49,4,'epochs','[[1795650550.41, 1.54308, 0.54934, 0.81457, 0.119, 10619.4], [1795650550.56, 0.5562, 0.92352, 0.21283, 0.132, 9553.4], [1795650550.69, 0.44496, 0.97122, 0.07656, 0.121, 10395.0], [1795650551.89, 0.38579, 0.98766, 0.09173, 0.096, 13313.2], [1795650551.98, 0.35537, 0.99836, 0.09868, 0.089, 14196.1], [1795650552.06, 0.33796, 0.99836, 0.10622, 0.077, 16582.5], [1795650552.16, 0.33296, 0.99918, 0.10911, 0.079, 16031.4], [1795650552.25, 0.33125, 0.99918, 0.11002, 0.081, 15674.2], [1795650552.4, 0.32626, 1.0, 0.11086, 0.153, 8259.0]]');
INSERT INTO "trial_user_attributes" VALUES(50,4,'reason','""');
INSERT INTO "trial_user_attributes" VALUES(51,4,'seconds','0.945489074994839');
INSERT INTO "trial_user_attributes" VALUES(52,4,'pauses','[[1795650550.69, 3, "1st of 2 at epoch 3", 1795650551.73]]');
INSERT INTO "trial_user_attributes" VALUES(53,4,'status','"running"');
INSERT INTO "trial_user_attributes" VALUES(54,3,'images_per_second','8353');
INSERT INTO "trial_user_attributes" VALUES(55,5,'parameters','2034');
INSERT INTO "trial_user_attributes" VALUES(56,5,'flops','120128');
INSERT INTO "trial_user_attributes" VALUES(57,5,'key','"2d023d9bd3b3b811"');
INSERT INTO "trial_user_attributes" VALUES(58,5,'seed','4');
INSERT INTO "trial_user_attributes" VALUES(59,5,'planned_epochs','9');
INSERT INTO "trial_user_attributes" VALUES(60,5,'layers','[["conv 8 kernel=3 bias=false", [8, 8, 8], 72, 9216], ["batch_norm", [8, 8, 8], 16, 0], ["gelu", [8, 8, 8], 0, 0], ["conv 8 kernel=3 bias=false", [8, 8, 8], 576, 73728], ["batch_norm", [8, 8, 8], 16, 0], ["gelu", [8, 8, 8], 0, 0], ["max_pool 2", [8, 4, 4], 0, 0], ["conv 16 kernel=3 bias=false", [16, 4, 4], 1152, 36864], ["batch_norm", [16, 4, 4], 32, 0], ["gelu", [16, 4, 4], 0, 0], ["global_max_pool", [16], 0, 0], ["dense 10", [10], 170, 320]]');
INSERT INTO "trial_user_attributes" VALUES(61,5,'recipe','"layers = [\n    \"conv 8 kernel=3 bias=false\",\n    \"batch_norm\",\n    \"gelu\",\n    \"conv 8 kernel=3 bias=false\",\n    \"batch_norm\",\n    \"gelu\",\n    \"max_pool 2\",\n    \"conv 16 kernel=3 bias=false\",\n    \"batch_norm\",\n    \"gelu\",\n    \"global_max_pool\",\n]\n\n[train]\noptimizer = \"sgd\"\nlearning_rate = 0.1\nmomentum = 0.9\nweight_decay = 0.0005\nschedule = \"one_cycle\"\nbatch_size = 64\nepochs = 9\nlabel_smoothing = 0.05\nema_decay = 0.99\naugmentation = []\ninitialization = \"default\"\n"');
INSERT INTO "trial_user_attributes" VALUES(62,5,'epochs','[[1795650550.99, 1.94383, 0.39474, 1.45015, 0.117, 10868.2]]');
INSERT INTO "trial_user_attributes" VALUES(63,5,'reason','"4th of 6 at epoch 1"');
INSERT INTO "trial_user_attributes" VALUES(64,5,'seconds','0.11680626299857977');
INSERT INTO "trial_user_attributes" VALUES(65,5,'pauses','[[1795650550.99, 1, "3rd of 5 at epoch 1", null]]');
INSERT INTO "trial_user_attributes" VALUES(66,5,'status','"paused"');
INSERT INTO "trial_user_attributes" VALUES(67,2,'images_per_second','4222');
INSERT INTO "trial_user_attributes" VALUES(68,6,'parameters','195626');
INSERT INTO "trial_user_attributes" VALUES(69,6,'flops','802176');
INSERT INTO "trial_user_attributes" VALUES(70,6,'key','"6b049cfa20e91545"');
INSERT INTO "trial_user_attributes" VALUES(71,6,'seed','5');
INSERT INTO "trial_user_attributes" VALUES(72,6,'planned_epochs','9');
INSERT INTO "trial_user_attributes" VALUES(73,6,'layers','[["conv 16 kernel=3 bias=false", [16, 8, 8], 144, 18432], ["batch_norm", [16, 8, 8], 32, 0], ["gelu", [16, 8, 8], 0, 0], ["conv 16 kernel=3 bias=false", [16, 8, 8], 2304, 294912], ["batch_norm", [16, 8, 8], 32, 0], ["gelu", [16, 8, 8], 0, 0], ["dropout2d 0.2", [16, 8, 8], 0, 0], ["avg_pool 2", [16, 4, 4], 0, 0], ["conv 24 kernel=3 bias=false", [24, 4, 4], 3456, 110592], ["batch_norm", [24, 4, 4], 48, 0], ["gelu", [24, 4, 4], 0, 0], ["dropout2d 0.2", [24, 4, 4], 0, 0], ["flatten", [384], 0, 0], ["dense 480", [480], 184800, 368640], ["gelu", [480], 0, 0], ["dropout 0.3", [480], 0, 0], ["dense 10", [10], 4810, 9600]]');
INSERT INTO "trial_user_attributes" VALUES(74,6,'recipe','"layers = [\n    \"conv 16 kernel=3 bias=false\",\n    \"batch_norm\",\n    \"gelu\",\n    \"conv 16 kernel=3 bias=false\",\n    \"batch_norm\",\n    \"gelu\",\n    \"dropout2d 0.2\",\n    \"avg_pool 2\",\n    \"conv 24 kernel=3 bias=false\",\n    \"batch_norm\",\n    \"gelu\",\n    \"dropout2d 0.2\",\n    \"flatten\",\n    \"dense 480\",\n    \"gelu\",\n    \"dropout 0.3\",\n]\n\n[train]\noptimizer = \"sgd\"\nlearning_rate = 0.3\nmomentum = 0.9\nweight_decay = 0.0005\nschedule = \"one_cycle\"\nbatch_size = 64\nepochs = 9\nlabel_smoothing = 0.05\nema_decay = 0.99\naugmentation = []\ninitialization = \"default\"\n"');
INSERT INTO "trial_user_attributes" VALUES(75,6,'epochs','[[1795650551.3, 1.49366, 0.58553, 0.30897, 0.175, 7379.8], [1795650551.48, 0.65241, 0.8972, 0.12375, 0.167, 7596.6], [1795650551.66, 0.44805, 0.96464, 0.07745, 0.164, 7739.8]]');
INSERT INTO "trial_user_attributes" VALUES(76,6,'reason','"1st of 3 at epoch 3"');
INSERT INTO "trial_user_attributes" VALUES(77,6,'seconds','0.5054548350017285');
INSERT INTO "trial_user_attributes" VALUES(78,6,'pauses','[[1795650551.66, 3, "1st of 3 at epoch 3", null]]');
INSERT INTO "trial_user_attributes" VALUES(79,6,'status','"paused"');
INSERT INTO "trial_user_attributes" VALUES(80,5,'images_per_second','10868');
INSERT INTO "trial_user_attributes" VALUES(81,4,'promotions','1');
INSERT INTO "trial_user_attributes" VALUES(82,4,'images_per_second','12736');
INSERT INTO "trial_user_attributes" VALUES(83,7,'parameters','2034');
INSERT INTO "trial_user_attributes" VALUES(84,7,'flops','120128');
INSERT INTO "trial_user_attributes" VALUES(85,7,'key','"71dd8b876f1564b5"');
INSERT INTO "trial_user_attributes" VALUES(86,7,'seed','6');
INSERT INTO "trial_user_attributes" VALUES(87,7,'planned_epochs','9');
INSERT INTO "trial_user_attributes" VALUES(88,7,'layers','[["conv 8 kernel=3 bias=false", [8, 8, 8], 72, 9216], ["batch_norm", [8, 8, 8], 16, 0], ["silu", [8, 8, 8], 0, 0], ["conv 8 kernel=3 bias=false", [8, 8, 8], 576, 73728], ["max_pool 2", [8, 4, 4], 0, 0], ["batch_norm", [8, 4, 4], 16, 0], ["silu", [8, 4, 4], 0, 0], ["dropout2d 0.251", [8, 4, 4], 0, 0], ["conv 16 kernel=3 bias=false", [16, 4, 4], 1152, 36864], ["max_pool 2", [16, 2, 2], 0, 0], ["batch_norm", [16, 2, 2], 32, 0], ["silu", [16, 2, 2], 0, 0], ["dropout2d 0.251", [16, 2, 2], 0, 0], ["global_avg_pool", [16], 0, 0], ["dropout 0.388", [16], 0, 0], ["dense 10", [10], 170, 320]]');
INSERT INTO "trial_user_attributes" VALUES(89,7,'recipe','"layers = [\n    \"conv 8 kernel=3 bias=false\",\n    \"batch_norm\",\n    \"silu\",\n    \"conv 8 kernel=3 bias=false\",\n    \"max_pool 2\",\n    \"batch_norm\",\n    \"silu\",\n    \"dropout2d 0.251\",\n    \"conv 16 kernel=3 bias=false\",\n    \"max_pool 2\",\n    \"batch_norm\",\n    \"silu\",\n    \"dropout2d 0.251\",\n    \"global_avg_pool\",\n    \"dropout 0.388\",\n]\n\n[train]\noptimizer = \"sgd\"\nlearning_rate = 0.517\nmomentum = 0.955\nweight_decay = 0.00477\nschedule = \"one_cycle\"\nbatch_size = 64\nepochs = 9\nlabel_smoothing = 0.000901\nema_decay = 0.99\naugmentation = []\ninitialization = \"default\"\n"');
INSERT INTO "trial_user_attributes" VALUES(90,7,'epochs','[[1795650552.76, 2.05359, 0.26974, 1.5652, 0.135, 9339.0]]');
INSERT INTO "trial_user_attributes" VALUES(91,7,'reason','"7th of 7 at epoch 1"');
INSERT INTO "trial_user_attributes" VALUES(92,7,'seconds','0.13520859399795881');
INSERT INTO "trial_user_attributes" VALUES(93,7,'pauses','[[1795650552.76, 1, "7th of 7 at epoch 1", null]]');
INSERT INTO "trial_user_attributes" VALUES(94,7,'status','"paused"');
INSERT INTO "trial_user_attributes" VALUES(95,7,'images_per_second','9339');
INSERT INTO "trial_user_attributes" VALUES(96,6,'images_per_second','7572');
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT, 
	value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_values" VALUES(1,1,0,9.86928104575163445133e-01,'FINITE');
INSERT INTO "trial_values" VALUES(2,3,0,5.75163398692810412526e-01,'FINITE');
INSERT INTO "trial_values" VALUES(3,2,0,5.98039215686274494565e-01,'FINITE');
INSERT INTO "trial_values" VALUES(4,5,0,6.37254901960784270187e-01,'FINITE');
INSERT INTO "trial_values" VALUES(5,4,0,9.96732026143790861283e-01,'FINITE');
INSERT INTO "trial_values" VALUES(6,7,0,4.73856209150326779244e-01,'FINITE');
INSERT INTO "trial_values" VALUES(7,6,0,9.86928104575163445133e-01,'FINITE');
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "trials" VALUES(1,0,1,'COMPLETE','2026-11-25 23:49:01.335914','2026-11-25 23:49:09.391841');
INSERT INTO "trials" VALUES(2,1,1,'PRUNED','2026-11-25 23:49:09.405586','2026-11-25 23:49:11.024574');
INSERT INTO "trials" VALUES(3,2,1,'PRUNED','2026-11-25 23:49:09.882980','2026-11-25 23:49:10.735055');
INSERT INTO "trials" VALUES(4,3,1,'COMPLETE','2026-11-25 23:49:10.190839','2026-11-25 23:49:12.435246');
INSERT INTO "trials" VALUES(5,4,1,'PRUNED','2026-11-25 23:49:10.757663','2026-11-25 23:49:11.721024');
INSERT INTO "trials" VALUES(6,5,1,'PRUNED','2026-11-25 23:49:11.043482','2026-11-25 23:49:12.854465');
INSERT INTO "trials" VALUES(7,6,1,'PRUNED','2026-11-25 23:49:12.461799','2026-11-25 23:49:12.823024');
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'5.0.0');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
COMMIT;
