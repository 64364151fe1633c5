/** What a field may be compared with in a filter, but for those that run JavaScript. */
export const FIELD_OPERATORS = words(`
  $eq $ne $gt $gte $lt $lte $in $nin $all $size $exists $type $mod $regex $options $not $elemMatch
  $bitsAllClear $bitsAllSet $bitsAnyClear $bitsAnySet
  $geoWithin $geoIntersects $near $nearSphere $geometry $maxDistance $minDistance $box $polygon $center $centerSphere
`);

/** Those by which documents are sorted, too: no aggregation takes them. */
export const SORTING = words(`$near $nearSphere`);

/** What may stand where a filter names a field. */
export const CONDITION_OPERATORS = words(`$and $or $nor $expr $jsonSchema $text $comment $sampleRate`);

/** What only a find's projection or a sort knows. */
const PROJECTION_OPERATORS = words(`$elemMatch $slice $meta`);

/** The aggregation operators and accumulators that read, but for those that run JavaScript. */
export const EXPRESSION_OPERATORS = words(`
  $abs $add $ceil $divide $exp $floor $ln $log $log10 $mod $multiply $pow $round $sigmoid $sqrt $subtract $trunc
  $arrayElemAt $arrayToObject $concatArrays $filter $firstN $in $indexOfArray $isArray $lastN $map $maxN $minN $objectToArray
  $range $reduce $reverseArray $size $slice $sortArray $zip
  $bitAnd $bitNot $bitOr $bitXor
  $and $not $or $cmp $eq $gt $gte $lt $lte $ne $cond $ifNull $switch
  $binarySize $bsonSize $toHashedIndexKey
  $dateAdd $dateDiff $dateFromParts $dateFromString $dateSubtract $dateToParts $dateToString $dateTrunc
  $dayOfMonth $dayOfWeek $dayOfYear $hour $isoDayOfWeek $isoWeek $isoWeekYear $millisecond $minute $month $second $week $year
  $tsIncrement $tsSecond
  $literal $getField $setField $unsetField $mergeObjects $rand $sampleRate $meta $let
  $allElementsTrue $anyElementTrue $setDifference $setEquals $setIntersection $setIsSubset $setUnion
  $concat $indexOfBytes $indexOfCP $ltrim $regexFind $regexFindAll $regexMatch $replaceAll $replaceOne $rtrim $split
  $strcasecmp $strLenBytes $strLenCP $substr $substrBytes $substrCP $toLower $toUpper $trim
  $acos $acosh $asin $asinh $atan $atan2 $atanh $cos $cosh $degreesToRadians $radiansToDegrees $sin $sinh $tan $tanh
  $convert $isNumber $toBool $toDate $toDecimal $toDouble $toInt $toLong $toObjectId $toString $toUUID $type
  $addToSet $avg $bottom $bottomN $count $first $last $max $median $min $percentile $push $setUnion $stdDevPop $stdDevSamp
  $sum $top $topN
  $covariancePop $covarianceSamp $denseRank $derivative $documentNumber $expMovingAvg $integral $linearFill $locf
  $minMaxScaler $rank $shift
`);

/** Every operator that a query may use by default. */
export const OPERATORS: ReadonlySet<string> = new Set([
  ...FIELD_OPERATORS,
  ...CONDITION_OPERATORS,
  ...PROJECTION_OPERATORS,
  ...EXPRESSION_OPERATORS,
]);

/**
 * Every aggregation stage that a query may use by default: none that writes, runs JavaScript or looks at the
 * server.
 */
export const STAGES = words(`
  $addFields $bucket $bucketAuto $count $densify $documents $facet $fill $geoNear $graphLookup $group $limit $lookup $match
  $project $rankFusion $redact $replaceRoot $replaceWith $sample $score $scoreFusion $search $searchMeta $set $setWindowFields
  $skip $sort $sortByCount $unionWith $unset $unwind $vectorSearch
`);

/**
 * The system variables an expression may read; what tells about the server or its users is not among them.
 */
export const SYSTEM_VARIABLES = words(`ROOT CURRENT NOW CLUSTER_TIME REMOVE DESCEND PRUNE KEEP SEARCH_META`);

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
